/*
 * What a source says, as our values. Each throws on anything else; the caller takes that as the source's fault. Everything here is a
 * stranger's word: lengths and counts are bounded by the size of the answer, forms are checked.
 */

/** How an answer becomes a value. Throws where it is none. */
export type Parse<T> = (answer: unknown) => T

export interface BlockHead {
  number: number
  /** `0x` and 64 small hexadecimal digits, as all hashes here. */
  hash: string
  parentHash: string
  /** Unix time in seconds. */
  timestamp: number
  baseFeeWei: bigint
}

export interface Receipt {
  hash: string
  blockNumber: number
  blockHash: string
  succeeded: boolean
  gasUsed: bigint
  /** Wei a unit of gas that was paid. */
  gasPriceWei: bigint
  logs: readonly ChainLog[]
}

export interface ChainLog {
  /** In small letters. */
  address: string
  topics: readonly string[]
  data: string
  blockNumber: number
  blockHash: string
  transactionHash: string
  /** Its place in the block. */
  index: number
}

export const quantity: Parse<bigint> = (answer) => {
  if (typeof answer !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(answer)) throw new Error('expected a quantity')
  return BigInt(answer)
}

/** A quantity that a JavaScript number holds. */
export const count: Parse<number> = (answer) => {
  const value = Number(quantity(answer))
  if (!Number.isSafeInteger(value)) throw new Error('expected a number below 2^53')
  return value
}

export const hash: Parse<string> = (answer) => {
  if (typeof answer !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(answer)) throw new Error('expected a hash of 32 bytes')
  return answer.toLowerCase()
}

export const hex: Parse<string> = (answer) => {
  if (typeof answer !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(answer)) throw new Error('expected bytes')
  return answer.toLowerCase()
}

export const nullable =
  <T>(parse: Parse<T>): Parse<T | undefined> =>
  (answer) =>
    answer === null || answer === undefined ? undefined : parse(answer)

export const blockHead: Parse<BlockHead> = (answer) => {
  const block = record(answer)
  return {
    number: count(block.number),
    hash: hash(block.hash),
    parentHash: hash(block.parentHash),
    timestamp: count(block.timestamp),
    // Chains before EIP-1559 have none; there the cap alone bounds the fee.
    baseFeeWei: nullable(quantity)(block.baseFeePerGas) ?? 0n,
  }
}

export const receipt: Parse<Receipt> = (answer) => {
  const { transactionHash, blockNumber, blockHash, status, gasUsed, effectiveGasPrice, logs } = record(answer)
  return {
    hash: hash(transactionHash),
    blockNumber: count(blockNumber),
    blockHash: hash(blockHash),
    succeeded: quantity(status) === 1n,
    gasUsed: quantity(gasUsed),
    gasPriceWei: nullable(quantity)(effectiveGasPrice) ?? 0n,
    logs: logList(logs),
  }
}

/** Of a transaction or its receipt: whether it is in a block. */
export const whereabouts: Parse<{ isInBlock: boolean }> = (answer) => ({
  isInBlock: nullable(count)(record(answer).blockNumber) !== undefined,
})

export const logList: Parse<readonly ChainLog[]> = (answer) => {
  if (!Array.isArray(answer)) throw new Error('expected a list of logs')
  return answer.map(log)
}

const log: Parse<ChainLog> = (answer) => {
  const { address, topics, data, blockNumber, blockHash, transactionHash, logIndex } = record(answer)
  if (!Array.isArray(topics) || topics.length > 4) throw new Error('expected up to four topics')
  if (typeof address !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(address)) throw new Error('expected an address')
  return {
    address: address.toLowerCase(),
    topics: topics.map(hash),
    data: hex(data),
    blockNumber: count(blockNumber),
    blockHash: hash(blockHash),
    transactionHash: hash(transactionHash),
    index: count(logIndex),
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('expected an object')
  return value as Record<string, unknown>
}
