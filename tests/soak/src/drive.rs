//! Starts both ends, looks at them once a second, and stops them.
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::end::Counts;
use crate::sample::{Held, Sample};
use crate::verdict::{Row, rows};
use crate::{Run, chart, report};

/// How long an end may be silent, and how long it may take to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of one end.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Sample>,
    pub(crate) counts: Counts,
    pub(crate) rows: Vec<Row>,
}

pub(crate) async fn run(run: &Run) -> Result<()> {
    let here = std::env::current_exe().context("cannot find this program")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("end.mjs");
    let mut rust = End::start("Rust", Command::new(here).arg("end"), run).await?;
    let mut node = Command::new(&run.node);
    node.arg("--expose-gc").arg(script);
    let mut node = End::start("Node.js", &mut node, run).await?;
    rust.say(&node.url.clone()).await?;
    node.say(&rust.url.clone()).await?;

    let minutes = Duration::from_secs_f64(run.minutes * 60.0);
    let begin = Instant::now();
    let (rust, node) = tokio::try_join!(rust.watch(begin, minutes), node.watch(begin, minutes))?;
    // Neither server ends before the other's clients have left.
    let (rust, node) = tokio::try_join!(rust.end(), node.end())?;

    let outcomes = [rust, node];
    print!("{}", report::text(&outcomes));
    if let Some(folder) = &run.save {
        save(run, folder, &outcomes)?;
    }
    for outcome in &outcomes {
        let Counts { faults, words, .. } = &outcome.counts;
        ensure!(
            *faults == 0,
            "{}: {faults} faults: {words:#?}",
            outcome.name
        );
        for row in &outcome.rows {
            let (name, what, (before, after)) = (outcome.name, row.what, row.values);
            ensure!(row.flat, "{name}: {what} grew from {before} to {after}");
        }
    }
    Ok(())
}

fn save(run: &Run, folder: &Path, outcomes: &[Outcome]) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    chart::draw(outcomes, &folder.join("soak.svg"))?;
    let page: PathBuf = folder.join("soak.md");
    std::fs::write(&page, report::page(run, outcomes))
        .with_context(|| format!("cannot write {}", page.display()))
}

/// A process that runs.
struct End {
    name: &'static str,
    child: Child,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
    before: Held,
}

/// One whose clients have all left.
struct Quiet {
    end: End,
    samples: Vec<Sample>,
    counts: Counts,
}

impl End {
    async fn start(name: &'static str, command: &mut Command, run: &Run) -> Result<End> {
        let load = &run.load;
        for (option, value) in [
            ("--connections", load.connections as u64),
            ("--pause", load.pause),
            ("--seed", load.seed),
        ] {
            command.arg(option).arg(value.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start the end of {name}"))?;
        let commands = child.stdin.take().context("its input is a pipe")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let mut lines = BufReader::new(output).lines();
        let url = line(name, &mut lines).await?;
        let before = Held::of(child.id().context("it runs")?)?;
        Ok(End {
            name,
            child,
            commands,
            lines,
            url,
            before,
        })
    }

    async fn say(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        let said = self.commands.write_all(line.as_bytes()).await;
        said.with_context(|| format!("the end of {} is gone", self.name))
    }

    /// Collects a sample for each line of the end, tells it to stop when it is time, and waits
    /// until it has.
    async fn watch(mut self, begin: Instant, minutes: Duration) -> Result<Quiet> {
        let process = self.child.id().context("it runs")?;
        let (mut samples, mut counts) = (Vec::new(), Counts::default());
        let mut stopped = false;
        loop {
            let line = line(self.name, &mut self.lines).await?;
            if line == "ended" {
                return Ok(Quiet {
                    end: self,
                    samples,
                    counts,
                });
            }
            counts = serde_json::from_str(&line).with_context(|| line.clone())?;
            if stopped {
                continue;
            }
            let at = begin.elapsed();
            let held = Held::of(process)?;
            samples.push(Sample {
                at: at.as_secs_f64(),
                held,
                counts: counts.clone(),
            });
            if at >= minutes {
                self.say("stop").await?;
                stopped = true;
            }
        }
    }
}

impl Quiet {
    async fn end(self) -> Result<Outcome> {
        let Quiet {
            mut end,
            samples,
            counts,
        } = self;
        let after = end.settled().await?;
        drop(end.commands);
        let status = timeout(PATIENCE, end.child.wait()).await;
        let status = status.with_context(|| format!("the end of {} does not end", end.name))??;
        if !status.success() {
            bail!("the end of {} ended with {status}", end.name);
        }
        Ok(Outcome {
            name: end.name,
            rows: rows(&samples, end.before, after),
            samples,
            counts,
        })
    }
}

impl End {
    /// What it holds once that is no more than before, or after a while.
    async fn settled(&self) -> Result<Held> {
        let process = self.child.id().context("it runs")?;
        let begin = Instant::now();
        loop {
            let held = Held::of(process)?;
            let more =
                held.descriptors > self.before.descriptors || held.threads > self.before.threads;
            if !more || begin.elapsed() > PATIENCE / 4 {
                return Ok(held);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn line(name: &str, lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    let line = timeout(PATIENCE, lines.next_line()).await;
    let line = line.with_context(|| format!("the end of {name} is silent"))??;
    line.with_context(|| format!("the end of {name} has ended"))
}
