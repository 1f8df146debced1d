//! The latency curve, and the run over time.
use std::error::Error;
use std::io;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::results::Results;
use super::table;
use super::timeline::Moment;

/// Pixels of one panel.
const SIZE: (u32, u32) = (860, 300);
const FONT: (&str, i32) = ("sans-serif", 14);
/// What the highest point is multiplied by: the names of the curves stand above it.
const HEADROOM: f64 = 1.3;
const COLOURS: [RGBColor; 2] = [RGBColor(38, 110, 170), RGBColor(196, 102, 36)];

/// A line: its name, and its points.
type Curve = (&'static str, Vec<(f64, f64)>);

type Drawn<T> = Result<T, Box<dyn Error>>;

/// One below the other, as a picture.
///
/// # Errors
/// It cannot be drawn.
pub(super) fn svg(results: &Results) -> io::Result<String> {
    let mut svg = String::new();
    draw(results, &mut svg).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(svg)
}

fn draw(results: &Results, svg: &mut String) -> Drawn<()> {
    let mut panels: Vec<Panel> = Vec::new();
    if let Some(latency) = &results.latency {
        let curve = latency.curve.iter();
        let curve = curve.map(|(percentile, seconds)| (nines(*percentile), seconds * 1000.0));
        panels.push(Panel {
            x: "percentile",
            y: "ms",
            label: percentile,
            step: Some(1.0),
            curves: vec![("latency by percentile", curve.collect())],
        });
    }
    let over_time = |of: fn(&Moment) -> f64| -> Vec<(f64, f64)> {
        let moments = results.timeline.iter();
        moments.map(|moment| (moment.at, of(moment))).collect()
    };
    let mut counts = Vec::new();
    if results.received.is_none() {
        counts.push(("messages sent", over_time(|it| it.sent_per_second)));
    }
    if !results.load.send_only {
        let name = match results.received {
            None => "answers",
            Some(_) => "messages received",
        };
        counts.push((name, over_time(|it| it.answered_per_second)));
    }
    panels.push(Panel {
        x: "seconds",
        y: "a second",
        label: plain,
        step: None,
        curves: counts,
    });
    if results.latency.is_some() {
        panels.push(Panel {
            x: "seconds",
            y: "ms",
            label: plain,
            step: None,
            curves: vec![
                ("latency, 50 %", over_time(|it| it.median * 1000.0)),
                ("99 %", over_time(|it| it.p99 * 1000.0)),
            ],
        });
    }
    let size = (SIZE.0, SIZE.1 * panels.len() as u32);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    let area = area.titled(&caption(results), FONT)?;
    let parts = area.split_evenly((panels.len(), 1));
    for (panel, part) in panels.iter().zip(&parts) {
        panel.draw(part)?;
    }
    area.present()?;
    Ok(())
}

/// What was measured, in a line.
fn caption(results: &Results) -> String {
    let connections = results.connections.opened;
    let load = table::load(results);
    format!("{}: {connections} connections, {load}", results.url)
}

/// Axes with curves.
struct Panel {
    x: &'static str,
    y: &'static str,
    /// How a number of the axis from left to right is written.
    label: fn(&f64) -> String,
    /// How far apart the marks of that axis should be; `None`: as it fits.
    step: Option<f64>,
    curves: Vec<Curve>,
}

impl Panel {
    fn ticks(&self, longest: f64) -> usize {
        const FITTING: usize = 10;
        self.step
            .map_or(FITTING, |step| (longest / step).floor() as usize + 1)
    }

    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Drawn<()> {
        let points = || self.curves.iter().flat_map(|(_, points)| points);
        let longest = points().map(|(x, _)| *x).fold(f64::MIN_POSITIVE, f64::max);
        let highest = points().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max);
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_right(40)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..longest, 0.0..highest * HEADROOM)?;
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT).label_style(FONT);
        mesh.x_label_formatter(&self.label)
            .y_label_formatter(&plain);
        mesh.x_labels(self.ticks(longest));
        mesh.x_desc(self.x).y_desc(self.y).draw()?;
        for ((name, points), colour) in self.curves.iter().zip(COLOURS) {
            chart
                .draw_series(LineSeries::new(points.iter().copied(), &colour))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
        }
        let mut labels = chart.configure_series_labels();
        labels.background_style(WHITE.mix(0.8)).label_font(FONT);
        labels.position(SeriesLabelPosition::UpperLeft).draw()?;
        Ok(())
    }
}

/// Where a percentile stands: 90 % is at 1, 99 % at 2, and so on.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).log10()
}

/// The percentile that stands there.
fn percentile(nines: &f64) -> String {
    let percentile = 100.0 * (1.0 - 10_f64.powf(-nines));
    let digits = (nines.ceil() as usize).saturating_sub(2);
    format!("{percentile:.digits$} %")
}

fn plain(number: &f64) -> String {
    format!("{number}")
}
