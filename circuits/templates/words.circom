pragma circom 2.2.0;
include "circomlib/circuits/bitify.circom";

// The seven low words of 32 bits of a field element, as one number below the order p has them. 32 % of the elements have two forms of 254 bits,
// r and r + p, between which a prover could choose its draw. Here the upper 64 bits must be below those of p, which leaves one form; the one
// element in 2^64 whose upper bits equal those of p cannot be proved (an unlucky draw, not a false one).
template Words() {
    signal input in;
    signal output word[7];

    component bits = Num2Bits(254);
    bits.in <== in;

    // The form is the one below p.
    var upperOfOrder = 13947993067211882662; // p >> 190
    var upper = 0;
    for (var b = 190; b < 254; b++) { upper += bits.out[b] * (1 << (b - 190)); }
    component below = Num2Bits(64);
    below.in <== upperOfOrder - 1 - upper;
    for (var b = 0; b < 64; b++) { _ <== below.out[b]; }

    for (var w = 0; w < 7; w++) {
        var sum = 0;
        for (var b = 0; b < 32; b++) { sum += bits.out[32 * w + b] * (1 << b); }
        word[w] <== sum;
    }
}
