// The shape of the chat, while it loads.

import type { ReactNode } from 'react'

const CHANNELS = ['60%', '45%', '72%', '38%']
const MESSAGES = ['34%', '62%', '48%', '27%', '55%']

export function Skeleton(): ReactNode {
  return (
    <div className="shell skeleton" role="status" aria-label="Loading">
      <div className="sidebar" aria-hidden="true">
        <div className="bone" style={{ inlineSize: '50%', blockSize: '1.25rem' }} />
        {CHANNELS.map((width) => (
          <div key={width} className="bone" style={{ inlineSize: width }} />
        ))}
      </div>
      <div className="conversation" aria-hidden="true">
        <div className="bones">
          {MESSAGES.map((width) => (
            <div key={width} className="bone-row">
              <div className="bone round" />
              <div className="bone" style={{ inlineSize: width }} />
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
