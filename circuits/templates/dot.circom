pragma circom 2.2.0;

// Σ hot[j] · value[j]: the value at the hot position.
template Dot(N) {
    signal input hot[N];
    signal input value[N];
    signal output out;

    signal term[N];
    var sum = 0;
    for (var j = 0; j < N; j++) {
        term[j] <== hot[j] * value[j];
        sum += term[j];
    }
    out <== sum;
}
