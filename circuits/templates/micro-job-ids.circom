pragma circom 2.2.0;
include "circomlib/circuits/poseidon.circom";

// The ids of K ≤ 16 MicroJobs of one MacroJob: the first outputs of one permutation over (seed, macro · 65536).
template MicroJobIds(K) {
    signal input seed;
    signal input macro;
    signal output id[K];

    component permutation = PoseidonEx(16, K);
    permutation.initialState <== 0;
    permutation.inputs[0] <== seed;
    permutation.inputs[1] <== macro * 65536;
    for (var x = 2; x < 16; x++) { permutation.inputs[x] <== 0; }
    for (var j = 0; j < K; j++) { id[j] <== permutation.out[j]; }
}
