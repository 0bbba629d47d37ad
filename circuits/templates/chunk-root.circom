pragma circom 2.2.0;
include "micro-job-ids.circom";
include "wide-hash.circom";

// The root over all leaves of a chunk. A slot of a row is (id + leaf, wallet): the id is fixed by the seed, so the sum binds the leaf to its place
// as a third element would. Slots and rows that are not active are 0.
//
// Every worker that leaves this template is under the root, or 0. One that were neither would be free when gamma is known (log-up.circom): with
// gamma itself as a key of weight 0 its term may be anything, and pays anybody anything.
template ChunkRoot(M, K) {
    signal input seed;
    signal input firstMacro;
    signal input macroActive[M];
    signal input microActive[K];
    signal input leaf[M][K];
    signal input wallet[M][K];
    // The wallets as they stand in the rows: 0 in slots that are not active.
    signal output worker[M][K];
    signal output out;

    component ids[M];
    component row[M];
    component rows = WideHash(M);
    signal place[M][K];
    for (var i = 0; i < M; i++) {
        ids[i] = MicroJobIds(K);
        ids[i].seed <== seed;
        ids[i].macro <== firstMacro + i;
        row[i] = WideHash(2 * K);
        for (var j = 0; j < K; j++) {
            place[i][j] <== microActive[j] * (ids[i].id[j] + leaf[i][j]);
            worker[i][j] <== microActive[j] * wallet[i][j];
            (1 - macroActive[i]) * worker[i][j] === 0;
            row[i].in[2 * j] <== place[i][j];
            row[i].in[2 * j + 1] <== worker[i][j];
        }
        rows.in[i] <== macroActive[i] * row[i].out;
    }
    out <== rows.out;
}
