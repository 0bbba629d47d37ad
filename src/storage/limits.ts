const MIB = 1024 * 1024

/** Bytes of a leaf that we make: the chunk size of the `unixfs-v1-2025` profile (IPIP-0499), so that others make the same CIDs. */
export const LEAF_BYTES = MIB

/** The most bytes of one block from a peer: what Bitswap implementations must accept (specs.ipfs.tech, Bitswap 1.2). */
export const MAX_BLOCK_BYTES = 2 * MIB

/** The most links of one inner node: four times the width in common use; 4,096 links decode in about 10 ms. */
export const MAX_LINKS = 4096

/** The deepest inner node: width 174 (Kubo's old default) reaches 1 PiB in 6 levels. */
export const MAX_DEPTH = 8

/** A file whose leaves are smaller than this on average costs more to walk than it carries, and is refused. */
export const MIN_AVERAGE_LEAF_BYTES = 16 * 1024

/** Nodes that a file may have beyond the average above, so that small files may be cut finely. */
export const FREE_VISITS = 1024

/** CIDs that carry their bytes inside: the bound of Helia and Kubo. */
export const MAX_IDENTITY_BYTES = 128

/** What a read may take where the caller says nothing: the port's promise. */
export const DEFAULT_MAX_BYTES = 1024 * MIB

/** CIDs in one bulk request: 64 leaves are 64 MiB, a fraction of a second on loopback and 10 s on a home line. */
export const MAX_WANTS = 64

/** Blocks of one answer below a root: the 64 MiB of leaves that MAX_SERVED_BYTES lets through, and as many nodes and smaller leaves besides. */
export const MAX_TREE_BLOCKS = 128

/** A server ends its answer after the block that passes this; the client asks again for the rest. */
export const MAX_SERVED_BYTES = 64 * MIB

/** Leaves that a reader asks for at once; two such windows are under way, so a reader holds at most 32 MiB. */
export const WINDOW = 16
