//! The headline as a bar chart.
use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::headline::Row;

/// Pixels.
const SIZE: (u32, u32) = (860, 430);
/// Room for the names of the rows, in pixels.
const NAMES: u32 = 250;
const FONT: (&str, i32) = ("sans-serif", 14);

/// Less than the best other library, and more.
const COLOURS: (RGBColor, RGBColor) = (RGBColor(38, 110, 170), RGBColor(196, 102, 36));

/// Draws one bar per row: how much arkws takes of what the best other library takes.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn draw(rows: &[Row], path: &Path) -> Result<()> {
    let longest = rows.iter().map(Row::ratio).fold(1.0, f64::max);
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(NAMES)
        // Room for the number behind the longest bar.
        .build_cartesian_2d(0.0..longest * 1.1, 0.0..rows.len() as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(TRANSPARENT)
        .label_style(FONT)
        .x_desc("CPU or memory, relative to the best other library: shorter is better")
        .draw()?;

    let name = FONT
        .into_text_style(&area)
        .pos(Pos::new(HPos::Right, VPos::Center));
    let number = FONT
        .into_text_style(&area)
        .pos(Pos::new(HPos::Left, VPos::Center));
    for (row, place) in rows.iter().zip((0..rows.len()).rev()) {
        let (ratio, bottom) = (row.ratio(), place as f64);
        let colour = if ratio <= 1.0 { COLOURS.0 } else { COLOURS.1 };
        let corners = [(0.0, bottom + 0.2), (ratio, bottom + 0.8)];
        chart.draw_series([Rectangle::new(corners, colour.filled())])?;
        let texts = [
            (0.0, row.about.to_owned(), -8, name.clone()),
            (ratio, row.shown_ratio(), 6, number.clone()),
        ];
        chart.draw_series(texts.map(|(at, text, aside, style)| {
            EmptyElement::at((at, bottom + 0.5)) + Text::new(text, (aside, 0), style)
        }))?;
    }
    let even = vec![(1.0, 0.0), (1.0, rows.len() as f64)];
    chart.draw_series([PathElement::new(even, BLACK.stroke_width(2))])?;
    area.present().context("cannot write the file")
}
