//! Proves Poseidon permutations with the published p3 crates, for `make bench-peers`.
//!
//! Reads one request a line, `PROVER LOG2 PACKED`: which prover (`plain` or `hiding`), log2 of the
//! number of permutations, and how many of them share a row (1, 2, 4 or 8). Answers each with one
//! line of JSON, after it has verified the proof. So runs can alternate with those of another
//! prover without starting anew.

mod permutations;
mod setting;

use std::fmt::Debug;
use std::io::BufRead;
use std::process::ExitCode;
use std::time::Instant;

use cpu_time::ProcessTime;
use p3_koala_bear::KoalaBear;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::{prove, verify};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tikv_jemallocator::Jemalloc;

use crate::setting::Dft;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Bounds of a request: with 8 permutations a row a trace still has 2^10 rows, and memory holds it.
const LOG2_MIN: usize = 13;
const LOG2_MAX: usize = 20;

/// One line of input. The seed is that of the permutations' inputs.
struct Request {
    prover: String,
    log2: usize,
    packed: usize,
    seed: u64,
}

/// What a run took, in seconds; `cpu_s` is that of witness and proof on all cores together.
struct Run {
    witness_s: f64,
    proof_s: f64,
    cpu_s: f64,
    verify_s: f64,
    proof_bytes: usize,
}

fn main() -> ExitCode {
    let dft = Dft::default();
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let outcome = line
            .map_err(|error| error.to_string())
            .and_then(|text| parse(&text, number as u64))
            .and_then(|request| Ok(json(&request, &answer(&request, &dft)?)));
        match outcome {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("line {}: {error}", number + 1);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn parse(text: &str, seed: u64) -> Result<Request, String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let wanted = || format!("wanted `plain|hiding LOG2 1|2|4|8`, not {text:?}");
    let [prover, log2, packed] = words[..] else {
        return Err(wanted());
    };
    let request = Request {
        prover: prover.to_owned(),
        log2: log2.parse().map_err(|_| wanted())?,
        packed: packed.parse().map_err(|_| wanted())?,
        seed,
    };
    if !(LOG2_MIN..=LOG2_MAX).contains(&request.log2) {
        return Err(format!(
            "log2 is {LOG2_MIN} to {LOG2_MAX}, not {}",
            request.log2
        ));
    }
    Ok(request)
}

fn answer(request: &Request, dft: &Dft) -> Result<Run, String> {
    match request.packed {
        1 => answer_packed::<1>(request, dft),
        2 => answer_packed::<2>(request, dft),
        4 => answer_packed::<4>(request, dft),
        8 => answer_packed::<8>(request, dft),
        other => Err(format!("1, 2, 4 or 8 permutations a row, not {other}")),
    }
}

fn answer_packed<const PACKED: usize>(request: &Request, dft: &Dft) -> Result<Run, String> {
    let air = permutations::air::<PACKED>();
    let rows_log2 = request.log2 - PACKED.ilog2() as usize;
    let inputs = permutations::inputs(1 << request.log2, request.seed);
    match request.prover.as_str() {
        "plain" => {
            let config = setting::plain(rows_log2, dft);
            measure(
                || air.generate_vectorized_trace_rows_from_inputs(inputs, setting::BLOWUP_LOG2),
                |trace| prove(&config, &air, trace, &[]),
                |proof| verify(&config, &air, proof, &[]),
            )
        }
        "hiding" => {
            let config = setting::hiding(rows_log2, dft);
            measure(
                || air.generate_vectorized_trace_rows_from_inputs(inputs, 0),
                |trace| prove(&config, &air, trace, &[]),
                |proof| verify(&config, &air, proof, &[]),
            )
        }
        other => Err(format!("a prover is `plain` or `hiding`, not {other:?}")),
    }
}

/// Times a witness and its proof, then verifies the proof as read back from its bytes.
fn measure<Proof: Serialize + DeserializeOwned, Refused: Debug, Invalid: Debug>(
    witness: impl FnOnce() -> RowMajorMatrix<KoalaBear>,
    prove: impl FnOnce(RowMajorMatrix<KoalaBear>) -> Result<Proof, Refused>,
    verify: impl FnOnce(&Proof) -> Result<(), Invalid>,
) -> Result<Run, String> {
    let (start, processor) = (Instant::now(), ProcessTime::now());
    let trace = witness();
    let witness_s = start.elapsed().as_secs_f64();
    let proof = prove(trace).map_err(|error| format!("no proof: {error:?}"))?;
    let proof_s = start.elapsed().as_secs_f64() - witness_s;
    let cpu_s = processor.elapsed().as_secs_f64();
    let bytes = postcard::to_allocvec(&proof).map_err(|error| error.to_string())?;
    let start = Instant::now();
    let proof = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
    verify(&proof).map_err(|error| format!("own proof refused: {error:?}"))?;
    Ok(Run {
        witness_s,
        proof_s,
        cpu_s,
        verify_s: start.elapsed().as_secs_f64(),
        proof_bytes: bytes.len(),
    })
}

/// One line; `verified` is always true, for a proof that is refused ends the program.
fn json(request: &Request, run: &Run) -> String {
    format!(
        concat!(
            r#"{{"prover":"{}","permutations":{},"packed":{},"seconds":{:.6},"witness_s":{:.6},"#,
            r#""cpu_s":{:.6},"verify_s":{:.6},"proof_bytes":{},"verified":true}}"#,
        ),
        request.prover,
        1 << request.log2,
        request.packed,
        run.witness_s + run.proof_s,
        run.witness_s,
        run.cpu_s,
        run.verify_s,
        run.proof_bytes,
    )
}
