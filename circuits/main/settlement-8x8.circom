pragma circom 2.2.0;
include "../settlement.circom";

component main { public [C, z, y] } = Settlement(8, 8, 16);
