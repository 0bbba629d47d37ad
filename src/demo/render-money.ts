import { formatTokens as exactTokens } from '../cli/amounts.ts'
import type { Style } from '../cli/render/style.ts'
import { renderTable } from '../cli/render/table.ts'
import { formatDuration } from '../config/units.ts'
import type { DemoFacts, PeerFacts } from './facts.ts'
import type { Balance, Snapshot } from './ledger.ts'
import type { MoneyFacts } from './money.ts'

/** Exact, with a comma at each thousand. */
const formatTokens = (wei: bigint) => exactTokens(wei).replace(/\d(?=(\d{3})+(\.|$))(?<!\.\d*)/g, '$&,')

/** Who did what beside what it had and has: a row for the requester, each peer and the escrow; all amounts in tokens. */
export function renderBalances({ peers }: DemoFacts, money: MoneyFacts, fateOf: (peer: PeerFacts) => string, style: Style): string {
  const titles = ['computed', 'validated', 'settled', 'wallet before', 'bond', 'credited', 'wallet after']
  const columns = [{ title: '' }, ...titles.map((title) => ({ title, align: 'right' as const })), { title: '' }]
  const { balances } = money.before
  const rows = balances.map(({ name }) => {
    const peer = peers.find((candidate) => candidate.name === name)
    const done = peer === undefined ? ['', '', ''] : [peer.processed, peer.validated, peer.settled].map(String)
    return [name, ...done, ...amountsOf(name, money), peer === undefined ? '' : fateOf(peer)]
  })
  return renderTable(columns, rows, style)
}

function amountsOf(name: string, { before, settled, withdrawn }: MoneyFacts): string[] {
  const [first, middle, last] = [before, settled, withdrawn].map((snapshot) => balanceOf(snapshot, name)) as [Balance, Balance, Balance]
  const bond =
    first.bondWei === last.bondWei ? formatTokens(last.bondWei) : `${formatTokens(first.bondWei)} → ${formatTokens(last.bondWei)}`
  const isPeer = name !== 'requester' && name !== 'escrow'
  return [formatTokens(first.tokenWei), isPeer ? bond : '', isPeer ? formatTokens(middle.creditWei) : '', formatTokens(last.tokenWei)]
}

const balanceOf = ({ balances }: Snapshot, name: string) => balances.find((balance) => balance.name === name)

/** What the escrow did, and whether all of it adds up. */
export function renderMoney(money: MoneyFacts, style: Style): string[] {
  const { budgetWei, prices, settlements, convicted, settled, checks } = money
  const { unitPriceWei, validationPriceWei, finisherPriceWei } = prices
  const broken = checks.filter(({ holds }) => !holds)
  const price = `${formatTokens(unitPriceWei)} a MicroJob, ${formatTokens(validationPriceWei)} a validation, ${formatTokens(finisherPriceWei)} a settled MacroJob`
  const sum = `${checks.length} checks to the last unit: all paid, ${formatTokens(settled.heldWei)} held, nothing lost, and peers withdrew it`
  return [
    `escrow     ${formatTokens(budgetWei)} tokens: ${price}`,
    ...settlements.map((settlement) => `settled    ${describeSettlement(settlement)}`),
    ...describeConvictions(convicted).map((line) => style.red(`convicted  ${line}`)),
    `money      ${broken.length === 0 ? style.green(sum) : style.red(`does not add up: ${broken.map(({ what }) => what).join('; ')}`)}`,
  ]
}

function describeConvictions(convicted: MoneyFacts['convicted']): string[] {
  return Object.entries(Object.groupBy(convicted, ({ name }) => name)).map(([name, all = []]) => {
    const burned = all.reduce((sum, { burnedWei }) => sum + burnedWei, 0n)
    return `${name}, ${all.length === 1 ? 'once' : `${all.length} times`}: ${formatTokens(burned)} tokens of its bond are burned`
  })
}

function describeSettlement({ name, macroJobs, proofMs, gasUsed, transaction }: MoneyFacts['settlements'][number]): string {
  const proof = proofMs === undefined ? '' : `, proof ${formatDuration(proofMs)}`
  const gas = gasUsed === undefined ? '' : `, ${gasUsed.toLocaleString('en')} gas`
  return `by ${name}: ${macroJobs} ${macroJobs === 1 ? 'MacroJob' : 'MacroJobs'}${proof}${gas}, transaction ${transaction.slice(0, 10)}…`
}
