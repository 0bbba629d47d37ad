pragma circom 2.2.0;
include "../settlement.circom";

component main { public [C, z, y] } = Settlement(16, 16, 32);
