// The devtools: a panel in the page, which an app loads when somebody wants it.

export { mountDevtools } from './devtools/mount'
