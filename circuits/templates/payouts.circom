pragma circom 2.2.0;
include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";
include "log-up.circom";

function bitsOf(n) {
    var bits = 0;
    while (n > 0) {
        bits++;
        n = n >> 1;
    }
    return bits;
}

// The W payees get what the leaves say: 1 for each MicroJob of a counted MacroJob, 2^32 for its validation.
template Payouts(M, K, W) {
    signal input C;
    signal input counted[M];
    signal input microActive[K];
    signal input worker[M][K];
    signal input validator[M];
    signal input wallet[W];
    signal input processed[W];
    signal input validated[W];
    signal output count[W];

    // Both numbers of a payee are small, also where a wallet has several rows: no negative count, and no carry from one into the other.
    component processedBits[W];
    component validatedBits[W];
    for (var w = 0; w < W; w++) {
        processedBits[w] = Num2Bits(bitsOf(M * K));
        processedBits[w].in <== processed[w];
        for (var b = 0; b < bitsOf(M * K); b++) { _ <== processedBits[w].out[b]; }
        validatedBits[w] = Num2Bits(bitsOf(M));
        validatedBits[w].in <== validated[w];
        for (var b = 0; b < bitsOf(M); b++) { _ <== validatedBits[w].out[b]; }
        count[w] <== processed[w] + validated[w] * (1 << 32);
    }

    // gamma follows from C, which binds the payees and validators as they stand in D, and the workers through the root.
    component gamma = Poseidon(2);
    gamma.inputs[0] <== C;
    gamma.inputs[1] <== 1;

    component equal = LogUp(M * K + M, W);
    equal.gamma <== gamma.out;
    for (var i = 0; i < M; i++) {
        for (var j = 0; j < K; j++) {
            equal.key[i * K + j] <== worker[i][j];
            equal.weight[i * K + j] <== counted[i] * microActive[j];
        }
        equal.key[M * K + i] <== validator[i];
        equal.weight[M * K + i] <== counted[i] * (1 << 32);
    }
    equal.wallet <== wallet;
    equal.count <== count;
}
