//! Sizes as flags have them: `64`, `16k`, `1m`.

/// The largest size, as large as what the client accepts from a server.
pub(super) const LARGEST: usize = 64 << 20;

/// Understands a number of bytes, with a unit or without.
///
/// # Errors
/// In words, for clap: it is none.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match unit {
        "" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "m" | "M" | "MiB" => 1 << 20,
        _ => return Err(format!("\"{unit}\" is no unit: write k (KiB) or m (MiB)")),
    };
    let number: Option<usize> = number.parse().ok();
    let number = number.ok_or("write a number of bytes")?;
    match number.checked_mul(factor) {
        Some(size) if size <= LARGEST => Ok(size),
        _ => Err("at most 64m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_a_bound() {
        for (text, expected) in [("0", 0), ("64", 64), ("16k", 16384), ("2MiB", 2 << 20)] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for wrong in ["", "k", "-1", "1.5k", "1g", "65m", "99999999999999999999"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
