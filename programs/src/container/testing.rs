//! What files of every kind of model are tried with.

use super::reseal;

/// The bytes of a file with a text written over the first place of another, and sealed again.
pub(crate) fn replaced(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    let place = bytes.windows(from.len()).position(|part| part == from.as_bytes());
    let at = place.unwrap_or_else(|| panic!("{from} is not in the file"));
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    reseal(&mut bytes);
    bytes
}

/// Tests that a file that was cut or in which a bit flipped is refused, and that one that was forged is refused or makes a model that bears a look.
macro_rules! bears_damage {
    ($bytes:expr, $reload:expr, $look:expr) => {
        proptest::proptest! {
            #[test]
            fn truncations_are_refused(share in 0.0..1.0f64) {
                let bytes: Vec<u8> = $bytes;
                proptest::prop_assert!($reload(&bytes[..(share * bytes.len() as f64) as usize]).is_err());
            }

            #[test]
            fn bit_flips_are_refused(at: proptest::sample::Index, bit in 0u32..8) {
                let mut bytes: Vec<u8> = $bytes;
                *at.get_mut(&mut bytes) ^= 1u8 << bit;
                proptest::prop_assert!($reload(&bytes).is_err());
            }

            #[test]
            fn forged_files_never_panic(
                changes in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 1..9)
            ) {
                let mut bytes: Vec<u8> = $bytes;
                for (at, value) in changes {
                    *at.get_mut(&mut bytes) = value;
                }
                $crate::container::reseal(&mut bytes);
                if let Ok(model) = $reload(&bytes) {
                    $look(&model);
                }
            }
        }
    };
}
pub(crate) use bears_damage;
