import type { Plugin } from 'vite'

/** For `plugins` in the configuration of Vite. */
export declare function syncline(): Plugin
