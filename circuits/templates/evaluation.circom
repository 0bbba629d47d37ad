pragma circom 2.2.0;

// Σ coefficient[i] · z^i, by Horner's rule.
template Evaluation(n) {
    signal input coefficient[n];
    signal input z;
    signal output out;

    signal sum[n];
    sum[n - 1] <== coefficient[n - 1];
    for (var i = n - 2; i >= 0; i--) { sum[i] <== sum[i + 1] * z + coefficient[i]; }
    out <== sum[0];
}
