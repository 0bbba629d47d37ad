// Stands in for @helia/libp2p, whose dependencies pull react-native (250 MB) into the install. src/storage attaches our own libp2p.
const refuse = () => {
  throw new Error('Helia must not build a libp2p node of its own: src/storage gives it ours')
}
export const withLibp2p = refuse
export const withLibp2pLight = refuse
export const libp2pDefaults = refuse
