pragma circom 2.2.0;
include "circomlib/circuits/poseidon.circom";

// The commit of a MicroJob: one permutation over its 16 block elements that starts at the wallet, so that nobody else can open a copy of it.
template Leaf() {
    signal input wallet;
    signal input element[16];
    signal output out;

    component permutation = PoseidonEx(16, 1);
    permutation.initialState <== wallet;
    for (var b = 0; b < 16; b++) { permutation.inputs[b] <== element[b]; }
    out <== permutation.out[0];
}
