//! MovieLens ml-latest-small (GroupLens, University of Minnesota): 100,836 ratings of 9,724 movies by 610 users, 1996 to 2018.
//!
//! **No commercial use**, citation asked for, redistribution under the same terms: see [`NOTICE`]. Both files are
//! [Zstandard](https://www.rfc-editor.org/rfc/rfc8878) frames of comma-separated text without a header row; the engine's readers
//! take them as they are.

/// What to call the data in a report.
pub const NAME: &str = "MovieLens ml-latest-small";

/// The README of the data, word for word: description, terms of use, citation.
pub const NOTICE: &str = include_str!("../movielens/README.txt");

/// `userId,movieId,rating,timestamp` for each rating, compressed: users ascending, and movies within a user. Ratings are 0.5 to 5
/// by halves, timestamps are seconds since 1970 (UTC).
pub const RATINGS: &[u8] = include_bytes!("../movielens/ratings.csv.zst");

/// `movieId,title,genres` for each of 9,742 movies, compressed: UTF-8, titles with commas quoted, genres parted by `|`.
pub const MOVIES: &[u8] = include_bytes!("../movielens/movies.csv.zst");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_whole_files() {
        crate::testing::assert_whole(RATINGS, 2_382_854);
        crate::testing::assert_whole(MOVIES, 484_670);
    }

    #[test]
    fn the_terms_come_with_the_data() {
        for part in ["ml-latest-small", "Usage License", "commercial", "Harper"] {
            assert!(NOTICE.contains(part), "{part}");
        }
    }
}
