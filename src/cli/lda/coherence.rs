//! How well the words of topics go together, told with them.

use gasworks::programs::lda::{Coherence, TopicModel};
use serde_json::{Value, json};

use super::super::events::{Metrics, Reporter};

/// Words of a topic that are judged, the most probable: as many as is usual.
const WORDS: usize = 10;

/// Of each topic, in the documents that it was learned from.
pub(in super::super) struct Coherences {
    npmi: Vec<Option<f64>>,
    u_mass: Vec<Option<f64>>,
}

impl Coherences {
    pub(in super::super) fn new(model: &TopicModel) -> Self {
        let (words, corpus) = (model.most_probable(WORDS), &model.texts().corpus);
        Coherences { npmi: Coherence::Npmi.of(&words, corpus), u_mass: Coherence::UMass.of(&words, corpus) }
    }

    /// For an event.
    pub(in super::super) fn of(&self, topic: usize) -> Value {
        json!({ "npmi": self.npmi[topic], "u_mass": self.u_mass[topic] })
    }

    /// For people.
    pub(in super::super) fn text(&self, topic: usize) -> String {
        self.npmi[topic].map_or(String::new(), |npmi| format!("; coherence {npmi:.2}"))
    }

    /// Means over topics, for the last event and for people.
    pub(in super::super) fn finish(&self, metrics: &mut Metrics, reporter: &Reporter) {
        let (npmi, u_mass) = (mean(&self.npmi), mean(&self.u_mass));
        metrics.insert("coherence_npmi".into(), json!(npmi));
        metrics.insert("coherence_u_mass".into(), json!(u_mass));
        if let (Some(npmi), Some(u_mass)) = (npmi, u_mass) {
            reporter.say(format_args!("mean coherence of topics: NPMI {npmi:.4}, UMass {u_mass:.4}"));
        }
    }
}

fn mean(of: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = of.iter().copied().flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}
