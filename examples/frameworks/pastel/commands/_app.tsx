import type { AppProps } from 'pastel'
import { useState } from 'react'
import { trackCommand } from '../telemetry.js'

/** Is rendered once arguments and options are valid. Pastel does not say which command it is, so each one does. */
export default function App({ Component, commandProps }: AppProps) {
  useState(() => trackCommand(Component.displayName ?? ''))
  return <Component {...commandProps} />
}
