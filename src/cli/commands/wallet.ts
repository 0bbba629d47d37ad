import { Command } from 'commander'
import type { ActionOptions, Chain, ChainOutcome, WalletBalances } from '../../ports.ts'
import { act, examples } from '../act.ts'
import { formatTokens, parseBond } from '../amounts.ts'
import type { Context } from '../context.ts'
import { loadWallet } from '../core.ts'
import { addSettingOf, addSettings } from '../options.ts'
import { safe } from '../render/style.ts'
import { type WalletChoice, withChain } from '../with-chain.ts'

export function walletCommand(): Command {
  const command = new Command('wallet')
    .description('show this machine’s wallet: its address, and with a chain its money for gas, tokens, credit, bond')
    // Here alone, also for the subcommands: what both had, commander would give to this one.
    .option('--client', 'the wallet of this machine’s clients instead of its peer’s')
    .action(act(show))
  addSettings(addSettingOf(command, 'walletKeyFile'), 'chain')
  examples(command, [
    ['minga wallet', 'the peer’s wallet; its address is what `minga devnet --fund` gives money to'],
    ['minga wallet --client', 'the one that `minga place` pays with'],
    ['minga wallet --chain-file devnet.json', 'what the peer’s has on that chain'],
    ['minga wallet withdraw', 'send it what it has earned'],
    ['minga wallet withdraw --client', 'send the other what came back of its Jobs'],
    ['minga wallet bond 25', 'stake 25 tokens, so that it may take part in paid Jobs'],
  ])
  const sub = (name: string, about: string) => new Command(name).description(about)
  command.addCommand(sub('withdraw', 'send the wallet its credit').action(act(withdraw)))
  command.addCommand(sub('bond', 'stake tokens').argument('<tokens>', 'such as 12.5, or 300wei', parseBond).action(act(bond)))
  command.addCommand(
    sub('unbond', 'ask staked tokens back; without an amount: turn what has been asked back, and waited for, into credit')
      .argument('[tokens]', 'such as 12.5, or 300wei', parseBond)
      .action(act(unbond)),
  )
  return command
}

async function show(context: Context, choice: WalletChoice): Promise<undefined> {
  const walletOf = await loadWallet()
  const { address, hasChain } = await walletOf({ config: context.config, wallet: choice.client ? 'client' : 'peer' })
  if (!hasChain) {
    context.output.result({ wallet: address }, () => `${address}\nwhat it has, a chain knows: name one with --chain-file`)
    return
  }
  const balances = await withChain(context, choice, (chain) => chain.balances(undefined, { signal: context.signal }))
  context.output.result(balances, () => describe(balances))
}

function describe({ wallet, gasWei, tokenWei, creditWei, bondWei, leavingWei, releaseAt }: WalletBalances): string {
  const leaving =
    leavingWei === 0n ? [] : [`leaving  ${formatTokens(leavingWei)} tokens, from ${new Date(releaseAt * 1000).toISOString()} on`]
  return [
    wallet,
    `gas      ${formatTokens(gasWei)}`,
    `tokens   ${formatTokens(tokenWei)}`,
    `credit   ${formatTokens(creditWei)} tokens, to be withdrawn`,
    `bond     ${formatTokens(bondWei)} tokens`,
    ...leaving,
  ].join('\n')
}

const withdraw = (context: Context, choice: WalletChoice) =>
  change(context, choice, 'withdrawn', (chain, options) => chain.withdraw(options))

const bond = (context: Context, amountWei: bigint, choice: WalletChoice) =>
  change(context, choice, 'bonded', (chain, options) => chain.bond(amountWei, options))

const unbond = (context: Context, amountWei: bigint | undefined, choice: WalletChoice) =>
  amountWei === undefined
    ? change(context, choice, 'unbonded', (chain, options) => chain.unbond(options))
    : change(context, choice, 'asked back', (chain, options) => chain.requestUnbond(amountWei, options))

async function change(
  context: Context,
  choice: WalletChoice,
  done: string,
  action: (chain: Chain, options: ActionOptions) => Promise<ChainOutcome>,
): Promise<undefined> {
  const { live, style, signal } = context
  const onSent = (transaction: string) => live.draw([style.dim(`waiting for ${transaction}`)])
  await withChain(context, choice, async (chain) => {
    const outcome = await action(chain, { signal, onSent })
    // What was done is told whatever becomes of this: untold it would be given again.
    const balances = await chain.balances(undefined, { signal }).catch((error: unknown) => error as Error)
    live.draw([])
    if (balances instanceof Error) {
      const problem = safe(balances.message, 1000)
      context.output.result({ ...outcome, problem }, () => `${done}; what it has now could not be read: ${problem}`)
    } else context.output.result({ ...outcome, ...balances }, () => `${done}\n${describe(balances)}`)
  })
}
