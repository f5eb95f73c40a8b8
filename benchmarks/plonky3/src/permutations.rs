//! The statement: some number of Poseidon permutations, each of an input of its own.

use p3_koala_bear::{
    KOALABEAR_POSEIDON_HALF_FULL_ROUNDS, KOALABEAR_POSEIDON_PARTIAL_ROUNDS_16,
    KOALABEAR_POSEIDON1_RC_16, KOALABEAR_S_BOX_DEGREE, KoalaBear, MDSKoalaBearData,
};
use p3_monty_31::MDSUtils;
use p3_poseidon1::Poseidon1Constants;
use p3_poseidon1_air::VectorizedPoseidon1Air;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

pub const WIDTH: usize = 16;

/// A cube needs no helper column at constraint degree 3.
const HELPERS: usize = 0;

/// `PACKED` permutations a row, 164 columns each.
pub type PoseidonAir<const PACKED: usize> = VectorizedPoseidon1Air<
    KoalaBear,
    WIDTH,
    KOALABEAR_S_BOX_DEGREE,
    HELPERS,
    KOALABEAR_POSEIDON_HALF_FULL_ROUNDS,
    KOALABEAR_POSEIDON_PARTIAL_ROUNDS_16,
    PACKED,
>;

/// The constraints: our permutation too, with the same constants.
pub fn air<const PACKED: usize>() -> PoseidonAir<PACKED> {
    let constants = Poseidon1Constants {
        rounds_f: 2 * KOALABEAR_POSEIDON_HALF_FULL_ROUNDS,
        rounds_p: KOALABEAR_POSEIDON_PARTIAL_ROUNDS_16,
        mds_circ_col: MDSKoalaBearData::MATRIX_CIRC_MDS_16_COL,
        round_constants: KOALABEAR_POSEIDON1_RC_16.to_vec(),
    };
    let (full, partial) = constants.to_optimized();
    PoseidonAir::new(full, partial)
}

/// Inputs that depend on `seed` alone, so that the work of a run can be repeated.
pub fn inputs(count: usize, seed: u64) -> Vec<[KoalaBear; WIDTH]> {
    let mut generator = SmallRng::seed_from_u64(seed);
    (0..count).map(|_| generator.random()).collect()
}
