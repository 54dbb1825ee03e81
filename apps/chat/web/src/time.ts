// Times as people read them, in the language of their browser.

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const timeOf = (ms: number): string => time.format(ms)
export const dayOf = (ms: number): string => day.format(ms)
export const momentOf = (ms: number): string => moment.format(ms)
export const fullTimeOf = (ms: number): string => full.format(ms)
