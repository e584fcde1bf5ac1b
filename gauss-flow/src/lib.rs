//! gauss-flow
