pragma circom 2.2.0;
include "circomlib/circuits/bitify.circom";

// hot[j] = 1 for j = word mod n and 0 elsewhere. `active` is the prefix mask of n, 1 ≤ n ≤ N ≤ 16; word has 32 bits.
template Draw(N) {
    signal input word;
    signal input n;
    signal input active[N];
    signal output hot[N];

    // Exactly one position is hot, and it is an active one: below n.
    var at = 0;
    var sum = 0;
    for (var j = 0; j < N; j++) {
        hot[j] <-- word % n == j ? 1 : 0;
        hot[j] * (hot[j] - 1) === 0;
        hot[j] * (1 - active[j]) === 0;
        at += j * hot[j];
        sum += hot[j];
    }
    sum === 1;

    // word = quotient · n + position, with a quotient so small that nothing wraps round the field.
    signal quotient <-- word \ n;
    component bits = Num2Bits(32);
    bits.in <== quotient;
    for (var b = 0; b < 32; b++) { _ <== bits.out[b]; }
    word - at === quotient * n;
}
