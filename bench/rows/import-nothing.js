import { nothing } from './nothing.js'

nothing()
