pragma circom 2.2.0;
include "circomlib/circuits/poseidon.circom";
include "templates/chunk-root.circom";
include "templates/evaluation.circom";
include "templates/independence.circom";
include "templates/opening.circom";
include "templates/payouts.circom";
include "templates/pick-words.circom";
include "templates/prefix-mask.circom";
include "templates/wide-hash.circom";

// What one settlement proves of a chunk of up to M MacroJobs with up to K ≤ 16 MicroJobs each, for up to W payees: docs/SETTLEMENT.md.
template Settlement(M, K, W) {
    // The public signals, in this order: src/job/settlement/signals.ts.
    signal input C;
    signal input z;
    signal input y;

    // D: what the contract knows or is told in calldata.
    signal input seedCommitment;
    signal input jobId;
    signal input root;
    signal input beacon;
    signal input firstMacro;
    signal input macroJobs;
    signal input microJobs;
    signal input blocks;
    signal input validator[M];
    signal input wallet[W];
    signal input processed[W];
    signal input validated[W];

    // What only the finalizer knows.
    signal input seed;
    signal input counted[M];
    signal input leaf[M][K];
    signal input worker[M][K];
    signal input opened[M][16];

    // The seed is the one whose commitment the requester put into escrow.
    component commitment = Poseidon(2);
    commitment.inputs[0] <== seed;
    commitment.inputs[1] <== jobId;
    commitment.out === seedCommitment;

    // The first macroJobs rows, microJobs slots and blocks are active.
    component macroMask = PrefixMask(M);
    macroMask.n <== macroJobs;
    component microMask = PrefixMask(K);
    microMask.n <== microJobs;
    component blockMask = PrefixMask(16);
    blockMask.n <== blocks;

    // Ids follow from the seed, and the leaves at these ids hash to the root that was committed before the challenge.
    component chunk = ChunkRoot(M, K);
    chunk.seed <== seed;
    chunk.firstMacro <== firstMacro;
    chunk.macroActive <== macroMask.mask;
    chunk.microActive <== microMask.mask;
    chunk.leaf <== leaf;
    chunk.wallet <== worker;
    chunk.out === root;

    // The challenge follows from seed, root and beacon.
    component challenge = Poseidon(3);
    challenge.inputs[0] <== seed;
    challenge.inputs[1] <== root;
    challenge.inputs[2] <== beacon;
    component picks = PickWords(M);
    picks.challenge <== challenge.out;

    // Only active MacroJobs are counted, each once. A counted one shows the opening that was drawn, and a validator who is not its worker.
    component opening[M];
    component independence[M];
    for (var i = 0; i < M; i++) {
        counted[i] * (counted[i] - 1) === 0;
        counted[i] * (1 - macroMask.mask[i]) === 0;

        opening[i] = Opening(K);
        opening[i].counted <== counted[i];
        opening[i].generator <== seed + firstMacro + i;
        opening[i].challenge <== challenge.out;
        opening[i].pickWord <== picks.word[i];
        opening[i].microJobs <== microJobs;
        opening[i].microActive <== microMask.mask;
        opening[i].blocks <== blocks;
        opening[i].blockActive <== blockMask.mask;
        opening[i].leaf <== leaf[i];
        opening[i].worker <== chunk.worker[i];
        opening[i].opened <== opened[i];

        independence[i] = Independence();
        independence[i].counted <== counted[i];
        independence[i].verdict <== opening[i].verdict;
        independence[i].validator <== validator[i];
        independence[i].worker <== opening[i].openedWorker;
    }

    // The wallets and counts that the contract is about to credit are those of the leaves and validators.
    component payouts = Payouts(M, K, W);
    payouts.C <== C;
    payouts.counted <== counted;
    payouts.microActive <== microMask.mask;
    payouts.worker <== chunk.worker;
    payouts.validator <== validator;
    payouts.wallet <== wallet;
    payouts.processed <== processed;
    payouts.validated <== validated;

    // C is the hash of D, and D as a polynomial takes the value y at z: the contract's D, from which it drew z after C, is this one.
    var length = 8 + 2 * M + 2 * W;
    signal D[length];
    D[0] <== seedCommitment;
    D[1] <== jobId;
    D[2] <== root;
    D[3] <== beacon;
    D[4] <== firstMacro;
    D[5] <== macroJobs;
    D[6] <== microJobs;
    D[7] <== blocks;
    for (var i = 0; i < M; i++) {
        D[8 + 2 * i] <== validator[i];
        D[9 + 2 * i] <== opening[i].verdict;
    }
    for (var w = 0; w < W; w++) {
        D[8 + 2 * M + 2 * w] <== wallet[w];
        D[9 + 2 * M + 2 * w] <== payouts.count[w];
    }
    component hash = WideHash(length);
    hash.in <== D;
    hash.out === C;
    component evaluation = Evaluation(length);
    evaluation.coefficient <== D;
    evaluation.z <== z;
    evaluation.out === y;
}
