/** Marks the helper process in its environment: it delivers, and must never count or start a helper. Holds its timeout. */
export const HELPER_MARK = 'OTLP_TALLY_HELPER'
