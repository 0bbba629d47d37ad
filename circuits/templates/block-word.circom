pragma circom 2.2.0;
include "circomlib/circuits/poseidon.circom";
include "dot.circom";
include "words.circom";

// The 32-bit word that draws the block of the hot one of K MicroJobs: word (j mod 7) of Poseidon(generator, challenge, j \ 7).
template BlockWord(K) {
    signal input generator;
    signal input challenge;
    signal input hot[K];
    signal output out;

    // Only the element that holds the word of the hot MicroJob is hashed.
    var index = 0;
    for (var j = 0; j < K; j++) { index += hot[j] * (j \ 7); }
    component random = Poseidon(3);
    random.inputs[0] <== generator;
    random.inputs[1] <== challenge;
    random.inputs[2] <== index;
    component words = Words();
    words.in <== random.out;

    var used = K < 7 ? K : 7;
    component word = Dot(used);
    for (var w = 0; w < 7; w++) {
        if (w < used) {
            var here = 0;
            for (var j = w; j < K; j += 7) { here += hot[j]; }
            word.hot[w] <== here;
            word.value[w] <== words.word[w];
        } else {
            _ <== words.word[w];
        }
    }
    out <== word.out;
}
