//! The layers. Each file opens with its mathematics, and holds all that is known of its layer: the
//! shape (`Shape` of `layer.rs`), and the bound form
//! (`Layer`). A new layer is a file, a variant of
//! [`LayerSpec`](crate::LayerSpec), and a line in each of the four lists here.

mod compact;
pub mod conditioned;
pub(crate) mod marginal;
pub(crate) mod rosenblatt;
pub mod rotation;
pub(crate) mod shifted;
pub(crate) mod standardize;
pub mod tables;
pub mod tails;

/// A layer with its numbers.
#[derive(Clone, Debug)]
pub(crate) enum BoundLayer {
    Standardize(standardize::Standardize),
    Rotation(rotation::Rotation),
    Marginal(marginal::Marginal),
    Conditioned(conditioned::Conditioned),
    Rosenblatt(rosenblatt::Rosenblatt),
    Tails(tails::Tails),
    Shifted(shifted::Shifted),
    Tables(tables::Tables),
}

/// Does the same with whichever bound layer it is.
macro_rules! each_layer {
    ($layer:expr, $l:ident => $do:expr) => {
        match $layer {
            $crate::layers::BoundLayer::Standardize($l) => $do,
            $crate::layers::BoundLayer::Rotation($l) => $do,
            $crate::layers::BoundLayer::Marginal($l) => $do,
            $crate::layers::BoundLayer::Conditioned($l) => $do,
            $crate::layers::BoundLayer::Rosenblatt($l) => $do,
            $crate::layers::BoundLayer::Tails($l) => $do,
            $crate::layers::BoundLayer::Shifted($l) => $do,
            $crate::layers::BoundLayer::Tables($l) => $do,
        }
    };
}
pub(crate) use each_layer;

/// Does the same with whichever layer's shape it is.
macro_rules! each_spec {
    ($spec:expr, $s:ident => $do:expr) => {{
        use $crate::layer::Shape as _;
        use $crate::layers::{
            conditioned, marginal, rosenblatt, rotation, shifted, standardize, tables, tails,
        };
        match *$spec {
            $crate::LayerSpec::Standardize => {
                let $s = standardize::Shape;
                $do
            }
            $crate::LayerSpec::Rotation { reflections, base } => {
                let $s = rotation::Shape { reflections, base };
                $do
            }
            $crate::LayerSpec::Marginal { components } => {
                let $s = marginal::Shape { components };
                $do
            }
            $crate::LayerSpec::Conditioned { components, hidden, context, reversed } => {
                let $s = conditioned::Shape { components, hidden, context, reversed };
                $do
            }
            $crate::LayerSpec::Rosenblatt { components } => {
                let $s = rosenblatt::Shape { components };
                $do
            }
            $crate::LayerSpec::Tails => {
                let $s = tails::Shape;
                $do
            }
            $crate::LayerSpec::Shifted { context } => {
                let $s = shifted::Shape { context };
                $do
            }
            $crate::LayerSpec::Tables { components, columns, values, features } => {
                let $s = tables::Shape { components, columns, values, features };
                $do
            }
        }
    }};
}
pub(crate) use each_spec;
