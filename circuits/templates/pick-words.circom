pragma circom 2.2.0;
include "circomlib/circuits/poseidon.circom";
include "words.circom";

// One 32-bit word a MacroJob, which draws its MicroJob: seven from each Poseidon(challenge, 2^32 + e). The second input keeps them apart from
// everything else that is hashed from the challenge.
template PickWords(M) {
    signal input challenge;
    signal output word[M];

    var elements = (M + 6) \ 7;
    component random[elements];
    component words[elements];
    for (var e = 0; e < elements; e++) {
        random[e] = Poseidon(2);
        random[e].inputs[0] <== challenge;
        random[e].inputs[1] <== (1 << 32) + e;
        words[e] = Words();
        words[e].in <== random[e].out;
        for (var w = 0; w < 7; w++) {
            if (7 * e + w < M) {
                word[7 * e + w] <== words[e].word[w];
            } else {
                _ <== words[e].word[w];
            }
        }
    }
}
