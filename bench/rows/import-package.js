// The fair baseline of anything that is imported by name: resolving a package costs more than importing a path.
import { nothing } from 'empty-package'

nothing()
