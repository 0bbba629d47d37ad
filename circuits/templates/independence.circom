pragma circom 2.2.0;

// A counted MacroJob has a verdict that is not 0 and a validator that is not 0 and none of its K workers; one that is not counted has no validator.
template Independence(K) {
    signal input counted;
    signal input verdict;
    signal input validator;
    signal input worker[K];

    (1 - counted) * validator === 0;

    // None of the factors is 0 where the product has an inverse.
    signal product[K + 1];
    product[0] <== validator * verdict;
    for (var j = 0; j < K; j++) { product[j + 1] <== product[j] * (validator - worker[j]); }
    signal inverse <-- counted == 1 ? 1 / product[K] : 0;
    product[K] * inverse === counted;

    // Without this the inverse of a MacroJob that is not counted would be a free wire.
    inverse * (1 - counted) === 0;
}
