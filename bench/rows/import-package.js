// The baseline of what is imported by the name of a package: that takes longer than a path.
import { nothing } from 'empty-package'

nothing()
