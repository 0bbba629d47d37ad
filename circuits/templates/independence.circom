pragma circom 2.2.0;

// A counted MacroJob has a verdict that is not 0, and a validator that is not 0 and not the worker of the opened MicroJob; one that is not counted
// has no validator.
template Independence() {
    signal input counted;
    signal input verdict;
    signal input validator;
    signal input worker;

    (1 - counted) * validator === 0;

    // None of the three factors is 0 where their product has an inverse.
    signal named <== validator * verdict;
    signal product <== named * (validator - worker);
    signal inverse <-- counted == 1 ? 1 / product : 0;
    product * inverse === counted;

    // Without this the inverse of a MacroJob that is not counted would be a free wire.
    inverse * (1 - counted) === 0;
}
