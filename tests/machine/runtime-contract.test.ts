/** containerd, behind CRI, keeps to what kubelets count on, as the hollow runtime does (tests/scenarios/hollow-runtime.test.ts). */
import { runtimeContract } from '../tools/runtime-contract.ts'
import { containerdMissing, openContainerd } from './private-containerd.ts'

runtimeContract('containerd', () => openContainerd('198.18.33.0/24'), containerdMissing())
