//! How the joint training went.

use gauss_flow::StopReason;

use super::{Drawn, Subject};
use crate::plot::{Series, TrainingCurves, training_curves};

/// From so many epochs on, the later ones are shown by themselves, too.
const LONG: usize = 20;

impl Subject<'_> {
    /// The loss of each epoch, on the training rows and on the validation rows.
    pub fn history(&self) -> Option<Drawn> {
        let history = self.model.provenance().training.as_ref()?;
        let last = history.epochs.last()?.epoch;
        let train: Vec<(f64, f64)> =
            history.epochs.iter().map(|e| (e.epoch as f64, e.train_nll)).collect();
        let validation: Vec<(f64, f64)> = history
            .epochs
            .iter()
            .filter_map(|e| Some((e.epoch as f64, e.validation_nll?)))
            .collect();
        let mut series =
            vec![Series { name: "training rows", points: &train, color: 0, dashed: false }];
        if !validation.is_empty() {
            series.push(Series {
                name: "validation rows",
                points: &validation,
                color: 1,
                dashed: false,
            });
        }
        let why = match history.stopped {
            StopReason::NoImprovement => "stopped without further improvement",
            StopReason::Cancelled => "stopped by the user",
            _ => "all epochs done",
        };
        let subtitle = format!("epoch {} of {last} was kept; {why}", history.best_epoch);
        let title = "Training";
        let figure = training_curves(&TrainingCurves {
            title,
            subtitle: &subtitle,
            y_label: "negative log-likelihood, nats per row",
            series: &series,
            reference: None,
            zoom_from: if last >= LONG { (last / 4) as f64 } else { f64::INFINITY },
        });
        let caption = "The mean negative log-likelihood after each epoch; lower is better. \
                       Validation rows take no part in the training: where their curve rises \
                       while the other falls, the model learns the rows by heart.";
        Some(Drawn { name: "history", title: title.into(), caption: caption.into(), figure })
    }
}
