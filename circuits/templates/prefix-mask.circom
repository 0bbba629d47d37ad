pragma circom 2.2.0;

// mask[i] = 1 for i < n, else 0. Refuses n > N.
template PrefixMask(N) {
    signal input n;
    signal output mask[N];

    // Each mask is 0 or 1.
    var sum = 0;
    for (var i = 0; i < N; i++) {
        mask[i] <-- i < n ? 1 : 0;
        mask[i] * (mask[i] - 1) === 0;
        sum += mask[i];
    }

    // No 1 follows a 0, and there are n of them: only one mask is left.
    for (var i = 0; i < N - 1; i++) { mask[i + 1] * (1 - mask[i]) === 0; }
    sum === n;
}
