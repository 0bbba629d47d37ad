pragma circom 2.2.0;

// Both sides give every key the same sum of weights: Σ weight/(gamma − key) = Σ count/(gamma − wallet), one constraint a term. Sound only where
// gamma was drawn after all four lists were committed to, keys of weight 0 included: gamma as a key leaves its term free.
template LogUp(N, W) {
    signal input gamma;
    signal input key[N];
    signal input weight[N];
    signal input wallet[W];
    signal input count[W];

    signal left[N];
    signal right[W];
    var difference = 0;
    for (var l = 0; l < N; l++) {
        left[l] <-- weight[l] / (gamma - key[l]);
        left[l] * (gamma - key[l]) === weight[l];
        difference += left[l];
    }
    for (var w = 0; w < W; w++) {
        right[w] <-- count[w] / (gamma - wallet[w]);
        right[w] * (gamma - wallet[w]) === count[w];
        difference -= right[w];
    }
    difference === 0;
}
