/** The id that development chains go by, Anvil's and Hardhat's: the only one on which a key that everybody can forge under is any use. */
export const DEVELOPMENT_CHAIN_ID = 31337
