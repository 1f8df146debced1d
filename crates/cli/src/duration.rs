//! Durations as flags have them: `20`, `1.5s`, `200ms`, `5m`, `1h`.
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Understands a number with a unit; without one it is seconds.
///
/// # Errors
/// In words, for clap: it is no such thing.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.');
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let number: f64 = number
        .parse()
        .map_err(|_| "write a number and a unit, such as 20s or 200ms".to_owned())?;
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("\"{unit}\" is no unit: write ms, s, m or h")),
    };
    let duration = Duration::try_from_secs_f64(number * seconds);
    match duration.map_err(|error| error.to_string())? {
        // Clocks end somewhere.
        duration if duration > LONGEST => Err("that is longer than ten years".to_owned()),
        duration => Ok(duration),
    }
}

/// As [`parse`], for what cannot be nothing.
///
/// # Errors
/// As [`parse`]; it is 0.
pub(crate) fn positive(text: &str) -> Result<Duration, String> {
    let duration = parse(text)?;
    match duration.is_zero() {
        true => Err("it must be longer than 0".to_owned()),
        false => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        for (text, expected) in [
            ("20", 20_000),
            ("1.5s", 1500),
            ("200ms", 200),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("87600h", 315_360_000_000),
            ("0", 0),
        ] {
            assert_eq!(millis(text), Ok(expected), "{text}");
        }
        for wrong in [
            "",
            "s",
            "-1",
            "1d",
            "1.2.3",
            "1 s",
            "87601h",
            "99999999999999999999h",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(positive("0ms").is_err());
    }
}
