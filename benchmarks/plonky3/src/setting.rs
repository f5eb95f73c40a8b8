//! The setting that we are compared at: our parameter set `fast`, in the terms of the crates.
//!
//! KoalaBear, its extension by X^5 + X^2 - 1, rate 1/4, 83 queries, grinding of 20 bits before the
//! queries, 16 before the batch and 10 before each fold, folds by 8 down to 2^6 to 2^8
//! coefficients, Merkle trees and transcript of Keccak. What differs is listed in README.md.

use p3_challenger::{HashChallenger, SerializingChallenger32};
use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_field::extension::QuinticTrinomialExtensionField;
use p3_fri::{FriParameters, HidingFriPcs, TwoAdicFriPcs};
use p3_keccak::{Keccak256Hash, KeccakF, VECTOR_LEN};
use p3_koala_bear::KoalaBear;
use p3_merkle_tree::{MerkleTreeHidingMmcs, MerkleTreeMmcs};
use p3_symmetric::{CompressionFunctionFromHasher, PaddingFreeSponge, SerializingHasher};
use p3_uni_stark::StarkConfig;
use rand::rngs::StdRng;

pub const BLOWUP_LOG2: usize = 2;
const QUERIES: usize = 83;
const GRINDING_QUERY: usize = 20;
const GRINDING_BATCH: usize = 16;
const GRINDING_FOLD: usize = 10;
const FOLD_LOG2: usize = 3;
const FINAL_LOG2_MIN: usize = 6;

/// log2 of the width of the tree layer that is sent whole: 6, as ours is for 83 queries.
const CAP_LOG2: usize = 6;

/// Salt of a leaf in field elements: 16 bytes, as ours.
const SALT: usize = 4;

/// Random codewords in a hiding commitment: the fewest allowed, one for each dimension of the
/// extension.
const RANDOM_CODEWORDS: usize = 5;

/// The transform; clones share its twiddles.
pub type Dft = Radix2DitParallel<KoalaBear>;

pub type Extension = QuinticTrinomialExtensionField<KoalaBear>;
pub type Challenger = SerializingChallenger32<KoalaBear, HashChallenger<u8, Keccak256Hash, 32>>;

type Sponge = PaddingFreeSponge<KeccakF, 25, 17, 4>;
type LeafHash = SerializingHasher<Sponge>;
type NodeHash = CompressionFunctionFromHasher<Sponge, 2, 4>;
type Leaf = [KoalaBear; VECTOR_LEN];
type Digest = [u64; VECTOR_LEN];

type PlainTree = MerkleTreeMmcs<Leaf, Digest, LeafHash, NodeHash, 2, 4>;
type PlainFoldTree = ExtensionMmcs<KoalaBear, Extension, PlainTree>;
type PlainPcs = TwoAdicFriPcs<KoalaBear, Dft, PlainTree, PlainFoldTree>;

type HidingTree = MerkleTreeHidingMmcs<Leaf, Digest, LeafHash, NodeHash, StdRng, 2, 4, SALT>;
type HidingFoldTree = ExtensionMmcs<KoalaBear, Extension, HidingTree>;
type HidingPcs = HidingFriPcs<KoalaBear, Dft, HidingTree, HidingFoldTree, StdRng>;

/// A prover that hides nothing.
pub type Plain = StarkConfig<PlainPcs, Extension, Challenger>;

/// The crates' zero-knowledge prover: twice the rows, random codewords, salted leaves.
pub type Hiding = StarkConfig<HidingPcs, Extension, Challenger>;

/// The non-hiding prover for a trace of 2^rows_log2 rows.
pub fn plain(rows_log2: usize, dft: &Dft) -> Plain {
    let (leaf, node) = hashes();
    let tree = PlainTree::new(leaf, node, CAP_LOG2);
    let fri = fri(rows_log2, PlainFoldTree::new(tree.clone()));
    StarkConfig::new(PlainPcs::new(dft.clone(), tree, fri), challenger())
}

/// The hiding prover for a trace of 2^rows_log2 rows, of which it commits to twice as many.
pub fn hiding(rows_log2: usize, dft: &Dft) -> Hiding {
    let (leaf, node) = hashes();
    let tree = HidingTree::new(leaf, node, CAP_LOG2, fresh());
    let fri = fri(rows_log2 + 1, HidingFoldTree::new(tree.clone()));
    let pcs = HidingPcs::new(dft.clone(), tree, fri, RANDOM_CODEWORDS, fresh());
    StarkConfig::new(pcs, challenger())
}

fn fri<M>(rows_log2: usize, mmcs: M) -> FriParameters<M> {
    FriParameters {
        log_blowup: BLOWUP_LOG2,
        log_final_poly_len: FINAL_LOG2_MIN + rows_log2 % FOLD_LOG2,
        max_log_arity: FOLD_LOG2,
        num_queries: QUERIES,
        batch_proof_of_work_bits: GRINDING_BATCH,
        commit_proof_of_work_bits: GRINDING_FOLD,
        query_proof_of_work_bits: GRINDING_QUERY,
        mmcs,
    }
}

fn hashes() -> (LeafHash, NodeHash) {
    let sponge = Sponge::new(KeccakF);
    (LeafHash::new(sponge), NodeHash::new(sponge))
}

fn challenger() -> Challenger {
    Challenger::from_hasher(Vec::new(), Keccak256Hash)
}

/// A generator of its own, seeded by the operating system.
fn fresh() -> StdRng {
    rand::make_rng()
}
