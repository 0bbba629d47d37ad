/** How the contracts are compiled. Without the hash of its metadata, which holds paths and comments, the same code is the same bytes everywhere. */
export const SOLC_SETTINGS = { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 }, metadata: { bytecodeHash: 'none' } }
