//! The cases by time, for people:
//! `cargo bench --manifest-path bench/Cargo.toml --package arkws-bench-proto`.
#![forbid(unsafe_code)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn time(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("proto");
    for mut case in cases::all() {
        group.throughput(Throughput::Elements(case.messages as u64));
        group.bench_function(case.name, |bencher| bencher.iter(|| case.run()));
    }
    group.finish();
}

criterion_group!(benches, time);
criterion_main!(benches);
