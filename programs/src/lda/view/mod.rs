//! One page that shows a topic model: a map of the topics, the words of each by relevance, and the documents that are most of it
//! (after Chuang, Manning, Heer 2012, "Termite", and Sievert and Shirley 2014, "LDAvis: a method for visualizing and interpreting topics").
//!
//! The page is one file of HTML with its style, its script and its data in it. It asks for nothing else, which it also says itself, in a content
//! security policy. Where everything lies is reckoned here; the script draws, searches and orders words.

mod data;
mod map;
#[cfg(test)]
mod tests;

use super::model::TopicModel;

/// What a page shows at most, so that its size is bounded whatever the model's is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewSettings {
    /// What the page is called. Default "Topics".
    pub title: String,
    /// Topics, those with the most tokens. Default 300.
    pub topics: usize,
    /// Words of a topic at each relevance. Default 30.
    pub words: usize,
    /// Documents of a topic. Default 10.
    pub documents: usize,
    /// Words in all that a search finds: those of topics, and the most frequent besides. Default 6000.
    pub searched_words: usize,
    /// Documents in all that a search finds: those of topics, and the first besides. Default 3000.
    pub searched_documents: usize,
}

impl Default for ViewSettings {
    fn default() -> Self {
        ViewSettings {
            title: "Topics".into(),
            topics: 300,
            words: 30,
            documents: 10,
            searched_words: 6000,
            searched_documents: 3000,
        }
    }
}

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

impl TopicModel {
    /// A page of HTML that shows the model and needs nothing else. What is shown is named in the address, as in `#topic=3&lambda=0.6`.
    /// Words, titles and openings are text there, whatever they hold. Parallel; O(topics x tokens), some hundred bytes for each word and
    /// each document that is [shown](ViewSettings).
    ///
    /// ```
    /// use gasworks_engine::{Engine, input::{Documents, Source, TextOptions, read_texts}};
    /// use gasworks_programs::lda::{Lda, Sampler, TopicTotals, ViewSettings};
    ///
    /// let text = "whale ship whale\nship whale ship\nfinch beak finch\nbeak finch beak\n";
    /// let options = TextOptions { documents: Documents::Lines, ..TextOptions::default() };
    /// let texts = read_texts(&[Source::from_memory("notes.txt", text.as_bytes())], &options)?.data;
    /// let lda = Lda::new(2, &texts.corpus);
    /// let mut graph = lda.graph(&texts.corpus)?;
    /// Engine::edges(&mut graph, &lda).aggregate(&TopicTotals).rounds(20).run()?;
    /// let page = lda.model(&graph, texts).view(&ViewSettings { title: "Notes".into(), ..ViewSettings::default() });
    /// assert!(page.starts_with("<!doctype html>") && page.contains("<title>Notes</title>"));
    /// # Ok::<(), gasworks_engine::Error>(())
    /// ```
    pub fn view(&self, settings: &ViewSettings) -> String {
        let data = serde_json::to_string(&data::Page::new(self, settings)).expect("numbers and text");
        // Neither an end of the element nor the beginning of a comment.
        let data = data.replace('<', "\\u003c");
        let part = |name: &str| match name {
            "title" => escaped(&settings.title),
            "style" => STYLE.into(),
            "script" => SCRIPT.into(),
            "data" => data.clone(),
            other => unreachable!("the page has no place for {other}"),
        };
        let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
        for (at, piece) in PAGE.split("{{").enumerate() {
            let (name, text) = if at == 0 { (None, piece) } else { named(piece) };
            page.extend(name.map(part));
            page.push_str(text);
        }
        page
    }
}

/// A piece of the page that begins with the name of a part.
fn named(piece: &str) -> (Option<&str>, &str) {
    let (name, text) = piece.split_once("}}").expect("each place has an end");
    (Some(name), text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
