/**
 * A URL as it may be shown: scheme and host, and `…` for the rest. Operators' keys stand in user names, paths and queries, and what is shown is copied into
 * reports. Text that is no URL may be one with its scheme forgotten, so nothing of it is shown.
 */
export function hiddenUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null || url.host === '') return '…'
  const isBare = url.username === '' && url.password === '' && url.pathname.replace('/', '') === '' && url.search === '' && url.hash === ''
  return `${url.protocol}//${url.host}${isBare ? '' : '/…'}`
}

/** `text` with each URL in it as `hiddenUrl` shows it. */
export function hideUrls(text: string): string {
  return text.replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"',\\]+/gi, hiddenUrl)
}
