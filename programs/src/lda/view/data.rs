//! What the page of a topic model holds, as the script reads it: topics are called by their places in the page, words and documents too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gasworks_engine::input::WordCount;
use rayon::prelude::*;
use serde::Serialize;

use super::super::coherence::Coherence;
use super::super::model::{TopicCount, TopicModel};
use super::super::topics::{TopicSettings, by_topic};
use super::ViewSettings;
use super::map::{Map, divergences, drawn};

/// Steps of the relevance from 0 to 1: at each, all words are there that it puts first.
const STEPS: u32 = 20;
/// Words of a topic whose coherence is told.
const COHERENT: usize = 10;
/// Topics that are told as the nearest.
const NEAR: usize = 4;
/// A smaller share of a document is told only where the topic tells the document.
const SHARE: f64 = 0.01;
/// A smaller share of a word's tokens is told only where the topic tells the word.
const SHARE_OF_WORD: f64 = 0.005;
/// Words that a document is told by if nobody knows how it begins.
const KEYWORDS: usize = 14;

#[derive(Debug, Serialize)]
pub(super) struct Page<'m> {
    title: &'m str,
    all_topics: usize,
    all_documents: usize,
    all_words: usize,
    tokens: u64,
    beta: f64,
    /// beta for all words.
    mass: f64,
    /// Of the distances on the map with those of the topics.
    correlation: Option<f64>,
    steps: u32,
    words_of_topic: usize,
    topics: Vec<Shown>,
    words: Vec<Word>,
    documents: Vec<Text>,
}

#[derive(Debug, Serialize)]
struct Shown {
    number: usize,
    tokens: u64,
    at: [f64; 2],
    words: Vec<u32>,
    documents: Vec<u32>,
    /// The coherence of its most probable words.
    npmi: Option<f64>,
    /// Topics and their distances.
    near: Vec<(usize, f64)>,
}

/// Its name, its tokens, and topic, tokens, topic, tokens, ...: those with the most first.
#[derive(Debug, Serialize)]
struct Word(String, u64, Vec<u32>);

/// Its title, its opening, its tokens, and topic, share in thousandths, topic, ...: those with the most first.
#[derive(Debug, Serialize)]
struct Text(String, String, u64, Vec<u32>);

impl<'m> Page<'m> {
    pub(super) fn new(model: &'m TopicModel, settings: &'m ViewSettings) -> Self {
        let (priors, corpus) = (model.priors(), &model.texts().corpus);
        let told = TopicSettings { words: 0, documents: settings.documents, ..TopicSettings::default() };
        let mut told = model.describe(&told);
        told.truncate(settings.topics);
        let numbers: Vec<usize> = told.iter().map(|topic| topic.topic).collect();
        let mut place = vec![None; priors.topics()];
        numbers.iter().enumerate().for_each(|(at, topic)| place[*topic] = Some(at as u32));
        let squares = divergences(model, &numbers);
        let Map { points, correlation } = drawn(&squares, numbers.len());

        let relevant = relevant(model, settings.words);
        let documents = told.iter().map(|topic| topic.documents.iter().map(|(at, _)| *at));
        let mut words = Listed::new(numbers.iter().map(|topic| relevant[*topic].iter().copied()));
        let mut documents = Listed::new(documents);
        words.fill(by_frequency(model), settings.searched_words);
        documents.fill(0..model.documents().len() as u32, settings.searched_documents);
        let keywords = Keywords::new(model);
        let coherence = model.coherence(Coherence::Npmi, COHERENT);
        let topics = numbers.iter().enumerate().map(|(at, topic)| Shown {
            number: *topic,
            tokens: model.totals()[*topic],
            at: points[at].map(|x| rounded(x, 1e5)),
            words: words.of_topics[at].clone(),
            documents: documents.of_topics[at].clone(),
            npmi: coherence[*topic].map(|npmi| rounded(npmi, 1e3)),
            near: near(&squares, at, numbers.len()),
        });
        Page {
            title: &settings.title,
            all_topics: priors.topics(),
            all_documents: model.documents().len(),
            all_words: model.words().len(),
            tokens: model.totals().iter().sum(),
            beta: priors.beta(),
            mass: priors.beta() * priors.words() as f64,
            correlation: correlation.map(|r| rounded(r, 1e3)),
            steps: STEPS,
            words_of_topic: settings.words,
            topics: topics.collect(),
            words: words
                .shown()
                .map(|(word, of)| told_word(model, &place, corpus.name(word), word, of))
                .collect(),
            documents: documents.shown().map(|(at, of)| text(model, &place, &keywords, at, of)).collect(),
        }
    }
}

fn rounded(x: f64, parts: f64) -> f64 {
    (x * parts).round() / parts
}

/// For each topic the words that are among the first at any step of the relevance, ascending.
fn relevant(model: &TopicModel, most: usize) -> Vec<Vec<u32>> {
    let (beta, all) = (model.priors().beta(), model.totals().iter().sum::<u64>() as f64);
    let mass = beta * model.priors().words() as f64;
    let of_topics = by_topic(model, model.words(), |tokens, topic, count| {
        let probability = (count + beta) / (model.totals()[topic] as f64 + mass);
        (probability.ln(), (probability * all / tokens).ln())
    });
    let first = |words: Vec<(u32, f64, f64)>| {
        let mut any = Vec::new();
        for step in 0..=STEPS {
            let lambda = f64::from(step) / f64::from(STEPS);
            let relevance = |of: &(u32, f64, f64)| lambda * of.1 + (1.0 - lambda) * of.2;
            let mut order: Vec<(f64, u32)> = words.iter().map(|of| (relevance(of), of.0)).collect();
            let descending = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            if most < order.len() {
                order.select_nth_unstable_by(most, descending);
                order.truncate(most);
            }
            any.extend(order.into_iter().map(|(_, word)| word));
        }
        any.sort_unstable();
        any.dedup();
        any
    };
    of_topics.into_par_iter().map(first).collect()
}

fn by_frequency(model: &TopicModel) -> impl Iterator<Item = u32> {
    let tokens = |word: usize| model.words().get(word).iter().map(|of| u64::from(of.count)).sum();
    let mut order: Vec<(u64, u32)> =
        (0..model.words().len()).map(|word| (tokens(word), word as u32)).collect();
    order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, word)| word)
}

/// Words or documents that the page has: those of topics, numbered as they come, and others.
struct Listed {
    /// By topic, as numbered in the page.
    of_topics: Vec<Vec<u32>>,
    numbers: HashMap<u32, u32>,
    /// As the model numbers them, with the topics that tell them.
    shown: Vec<(u32, Vec<u32>)>,
}

impl Listed {
    fn new(of_topics: impl Iterator<Item = impl Iterator<Item = u32>>) -> Self {
        let mut listed = Listed { of_topics: Vec::new(), numbers: HashMap::new(), shown: Vec::new() };
        for (topic, of) in of_topics.enumerate() {
            let numbers = of.map(|item| {
                let number = listed.number(item);
                listed.shown[number as usize].1.push(topic as u32);
                number
            });
            let numbers = numbers.collect();
            listed.of_topics.push(numbers);
        }
        listed
    }

    fn number(&mut self, item: u32) -> u32 {
        match self.numbers.entry(item) {
            Entry::Occupied(number) => *number.get(),
            Entry::Vacant(place) => {
                self.shown.push((item, Vec::new()));
                *place.insert(self.shown.len() as u32 - 1)
            }
        }
    }

    /// With others, up to so many.
    fn fill(&mut self, others: impl Iterator<Item = u32>, most: usize) {
        for item in others {
            if self.shown.len() >= most {
                break;
            }
            self.number(item);
        }
    }

    fn shown(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.shown.iter().map(|(item, topics)| (*item, &topics[..]))
    }
}

/// Topics and what each has, the largest first, flat; those that have little are left out unless they are among `told`.
fn flat(mut all: Vec<(u32, u32)>, least: f64, told: &[u32]) -> Vec<u32> {
    all.retain(|(topic, of)| f64::from(*of) >= least || told.contains(topic));
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    all.into_iter().flat_map(|(topic, of)| [topic, of]).collect()
}

fn told_word(model: &TopicModel, place: &[Option<u32>], name: String, word: u32, told: &[u32]) -> Word {
    let of = model.words().get(word as usize);
    let tokens = of.iter().map(|of| u64::from(of.count)).sum::<u64>();
    let shown = of.iter().filter_map(|of| Some((place[usize::from(of.topic)]?, of.count)));
    Word(name, tokens, flat(shown.collect(), SHARE_OF_WORD * tokens as f64, told))
}

fn text(model: &TopicModel, place: &[Option<u32>], keywords: &Keywords<'_>, at: u32, told: &[u32]) -> Text {
    let of = model.documents().get(at as usize);
    let alpha = model.priors().alpha();
    let tokens: u64 = of.iter().map(|of| u64::from(of.count)).sum();
    let whole = tokens as f64 + alpha.iter().sum::<f64>();
    let share = |TopicCount { topic, count }: &TopicCount| {
        let share = (f64::from(*count) + alpha[usize::from(*topic)]) / whole;
        Some((place[usize::from(*topic)]?, (1000.0 * share).round() as u32))
    };
    let mix = flat(of.iter().filter_map(share).collect(), 1000.0 * SHARE, told);
    let opening = model.texts().documents.get(at as usize).map(|document| document.opening.clone());
    let opening = opening.filter(|opening| !opening.is_empty());
    Text(model.title(at), opening.unwrap_or_else(|| keywords.of(at)), tokens, mix)
}

/// The words of a document that others have least.
struct Keywords<'m> {
    model: &'m TopicModel,
    /// How many documents have each word.
    documents: Vec<u32>,
}

impl<'m> Keywords<'m> {
    fn new(model: &'m TopicModel) -> Self {
        let mut documents = vec![0; model.words().len()];
        model.texts().corpus.entries.iter().for_each(|entry| documents[entry.word as usize] += 1);
        Keywords { model, documents }
    }

    fn of(&self, document: u32) -> String {
        let corpus = &self.model.texts().corpus;
        let start = corpus.entries.partition_point(|entry| entry.document < document);
        let own = corpus.entries[start..].iter().take_while(|entry| entry.document == document);
        let all = corpus.documents.len() as f64;
        let weight = |entry: &WordCount| {
            let rare = all / f64::from(self.documents[entry.word as usize]);
            (f64::from(entry.count) * rare.ln(), entry.word)
        };
        let mut words: Vec<(f64, u32)> = own.map(weight).collect();
        words.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let names: Vec<String> = words.iter().take(KEYWORDS).map(|(_, word)| corpus.name(*word)).collect();
        names.join(" · ")
    }
}

/// The nearest topics, and how far they are, from 0 to 1.
fn near(squares: &[f64], at: usize, size: usize) -> Vec<(usize, f64)> {
    let row = &squares[at * size..(at + 1) * size];
    let mut others: Vec<(usize, f64)> =
        row.iter().copied().enumerate().filter(|(other, _)| *other != at).collect();
    others.sort_by(|a, b| a.1.total_cmp(&b.1));
    others.into_iter().take(NEAR).map(|(other, square)| (other, rounded(square.sqrt(), 1e3))).collect()
}
