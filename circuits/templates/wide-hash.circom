pragma circom 2.2.0;
include "circomlib/circuits/poseidon.circom";

// One hash of n elements: Poseidon of width 17 absorbs 16 of them a permutation, and its capacity word carries the chain. That is 38 constraints an
// element, where a tree of two-input hashes takes 240. The chain starts at n · 2^160: no shorter list gives the same, and no wallet (the start of a
// leaf) is that large.
template WideHash(n) {
    signal input in[n];
    signal output out;

    var permutations = (n + 15) \ 16;
    component absorb[permutations];
    for (var p = 0; p < permutations; p++) {
        absorb[p] = PoseidonEx(16, 1);
        if (p == 0) {
            absorb[p].initialState <== n * (1 << 160);
        } else {
            absorb[p].initialState <== absorb[p - 1].out[0];
        }
        for (var x = 0; x < 16; x++) {
            if (p * 16 + x < n) {
                absorb[p].inputs[x] <== in[p * 16 + x];
            } else {
                absorb[p].inputs[x] <== 0;
            }
        }
    }
    out <== absorb[permutations - 1].out[0];
}
