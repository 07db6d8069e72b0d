#!/bin/sh
# Tortie as device under test: a real `tortie agent` that programs no kernel, with the interface of duts/*.sh.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/duts/common.sh"
NODE=${NODE:-node}
TORTIE="$HERE/../../packages/cli/bin/tortie.js"
conf() {
	cat <<E
node: dut
asn: 65000
routerId: $ID
api: { socket: $DIR/agent.sock }
store: { path: $DIR/store }
bgp: { listen: ["127.0.0.1:$PORT"], warmUp: ${WARM_UP:-true} }
kernel: { program: false }
importPolicy: all
blocks: { ipv4: false, ipv6: false }
log: { level: warn }
E
	[ "$MODE" != ibgp ] || echo "clusterId: $ID"
	FAMILIES=
	! has4 || FAMILIES=ipv4-unicast
	! has6 || FAMILIES="${FAMILIES:+$FAMILIES, }ipv6-unicast"
	CLIENT=
	[ "$MODE" != ibgp ] || CLIENT=', routeReflectorClient: true'
	echo "peers:"
	i=0
	peers | while read -r a as; do
		echo "  - { name: p$i, remoteAddress: $a, remoteAsn: $as, localAddress: 127.0.0.1, passive: true, holdTimeS: 180, families: [$FAMILIES], localNextHops: [2001:db8::ffff]$CLIENT }"
		i=$((i + 1))
	done
}
case $ACTION in
start)	conf > "$DIR/tortie.yaml"
	"$NODE" "$TORTIE" agent -c "$DIR/tortie.yaml" > "$DIR/out" 2>&1 &
	echo $! > "$DIR/pids"; wait_port
	# What is measured is a speaker that runs, not how it starts.
	[ "${WARM_UP:-true}" = false ] || sleep 3;;
stop)	stop_pids;;
version) echo "tortie $("$NODE" "$TORTIE" --version)";;
esac
