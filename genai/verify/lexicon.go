package verify

import (
	"strings"
	"sync"
)

// tables are the word lists, read once.
type tables struct {
	function map[string]bool  // words
	generic  map[string]bool  // stems
	domain   map[string]bool  // stems
	concepts map[string][]int // groups by stem
	opposite map[int]int      // groups that exclude each other
}

var lexicon = sync.OnceValue(func() *tables {
	t := &tables{function: fieldsSet(functionWords), generic: map[string]bool{}, domain: map[string]bool{}, concepts: map[string][]int{}, opposite: map[int]int{}}
	for w := range strings.FieldsSeq(genericWords) {
		t.generic[stemOf(w)] = true
	}
	for w := range strings.FieldsSeq(domainWords) {
		t.domain[stemOf(w)] = true
	}
	n := 0
	group := func(words string) int {
		for w := range strings.FieldsSeq(words) {
			s := stemOf(w)
			t.concepts[s] = append(t.concepts[s], n)
		}
		n++
		return n - 1
	}
	for line := range strings.Lines(synonyms) {
		if strings.TrimSpace(line) != "" {
			group(line)
		}
	}
	for line := range strings.Lines(opposites) {
		if a, b, ok := strings.Cut(line, "|"); ok {
			i, j := group(a), group(b)
			t.opposite[i], t.opposite[j] = j, i
		}
	}
	return t
})

func fieldsSet(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

var negations = fieldsSet(`not no never none neither nor nobody nothing without cannot nowhere hardly rarely lack lacks lacking
	missing unable avoid unless`)

// breaks are words that begin a clause.
var breaks = fieldsSet(`but while whereas although though because since so hence thus therefore unless until if when where who whose
	which whoever whatever and or than as`)

const functionWords = `a an the this that these those it its itself they their them he his she her we our us you your i me my one ones
	and or but if then than as at by for from in into of off on onto out over per to toward towards up upon via with within without
	is are was were be been being am do does did doing done has have had having will would shall should can could may might must
	not no nor neither either none never ever nobody nothing so such too very also just only even still yet again once here there
	where when while who whom whose which what why how whether because since though although until unless before after during
	about above across against along among around behind below beside besides between beyond despite down except inside like near
	outside past through throughout under all any both each every few more most much many other others another same several some
	less least own else ever enough almost already always often sometimes quite rather well however hence thus therefore moreover
	whereas whatever whoever whichever wherever whenever anyone anybody anything everyone everybody everything someone somebody
	something cannot can't don't doesn't isn't aren't won't didn't wasn't weren't hasn't haven't couldn't shouldn't wouldn't let lets
	yes e.g i.e etc now`

const genericWords = `able abuse accept add advance afar affect afterwards ago ahead alike allow alone amount anew answer apart
	appear apply approach ask aspect assume attach attend attention aware away awkward base basis bear become befit begin
	belong best better beware big bind bit body borrow both bound bring broad bother build buy call care carry case cause certain chance change
	character cheap check choice choose circumstance claim class clear close collection come common compare complete concern condition consider
	consist contain content continue correspond cost count course cover danger dangerous day deal decide decision deep degree depend
	describe deserve detail determine differ different difficult direct directly discuss document doubt draw drive due ear early ease
	easily easy effect effort eight either eleven end enough entire entry equal especially essential establish even event every evidence
	exact exactly example exist expect explain extra eye face fact fail fair fall familiar far fast fault favour few figure final find finding fine
	first fit five fix follow force foreign form former found four free frequent fresh front full further future gain gap general generally genuine
	get give go good great group grow guess half hand handle hang happen hard hardly harm hazard head hear help high hint hit hold hole hope
	hour hundred idea idle imagine imply important impossible improve include incomplete indeed indicate individual inform inside instance instead
	intend interest involve issue item join judge just keep kind know known label large last late later latter lead learn leave left length
	lesson level lie life light like likely limit line link list little live load long look lot low main maintain make manner mark matter
	maximum mean meant means measure meet member mention mere merely might mind minute moment month morning mostly motion move much name namely narrow
	natural nature near nearer necessary need new newest next night nine nobody normal note notice number obey object obtain obvious occasion
	occur odd offer official often old open opposite option order ordinary origin otherwise outside overall own page pair paragraph part
	particular party pass past people percent perhaps period permanent permit person pick picture piece place plain plan plausible play please
	point poor position possible possibly practical practice practise prefer present press pretty previous principle probable probably problem
	produce proof proper propose proposal prove provide public pull purpose push put question quick quiet quietly quite quote raise range rank rate rather reach
	read reader ready real reality really reason recent recently recognise record refer regard relate relation release rely remain remember
	repeat reply report represent request require rest result return review right rise role rough route row rule run sake same save say scale
	scene score second section see seek seem seldom select sell send sense sensible sentence separate serious serve set settle seven shape share short
	show side sight sign simple simply single sit situation six size skip slight small soon sort sound source speak special specific spend
	spread stand start state statement stay step stick still stop straight strange stress strict strong stuff style subject succeed
	successor suffice suggest suit sum summarise summary suppose sure surely surprise table take talk target task teach tell ten tend term text thank theory
	thing think third thousand three throughout thus tie time tiny title today together tomorrow tool topic total touch toward trace treat
	trial tried trouble true trust truth try turn twelve twice two type typical typically unclear understand unlikely unusual use useful useless user
	usual usually value variety vary version view voice wait want warn watch way weak week weigh weight well whole wide win wish wonder word work
	world worth write wrong year yesterday yet zero within attribute belong accompany account answered beforehand respectively overall
	named noted merits mentioned leads counted concerned anybody besides apart reached regarding according purpose purely quarter
	fourteen thirteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety dozen
	plus minus twofold threefold spot spotted grasp bait band trick lure door neighbour site evening autumn winter spring summer`

const domainWords = `access account acl actuator adapter admin administrator advisory agent agency air alarm alert allowlist analyst anomaly antivirus
	antimalware apn application appliance architecture artifact asset assessment attack attacker audit auditor authenticate authentication authorization
	authority automate availability awareness backdoor background backup badge banner battery baseline beacon binary biometric bios blacklist block
	bluetooth board boot bootloader breach breaker bridge broadcast broker browser brute buffer bug bus bypass cabinet cable camera campaign card
	cellular certificate certify channel checksum chemical cipher circuit classroom cleaner clock cloud code coil command commission committee
	communicate communication compensate compliance compromise computer confidential configuration configure connection console consultant contract contractor
	control controller cooling core council course credential crew criminal crisis cryptography customer cybersecurity damage data database
	deadline debug decommission decrypt default defence defend defender deploy deployment destroy destruction detect detection detonate device diagnostic
	dial diode disable disaster disclose disclosure disconnect disk dispatcher domain dongle download downtime drill drone drive driver dump economy edge
	education efficiency electricity email embed emergency emission employee emulate enable encrypt encryption endpoint energy enforce engineer engineering entropy
	environment equipment erase escalate escort espionage ethernet evacuate exam exercise exfiltrate expert exploit expose external extortion facility
	factor factory failover fence fiber fibre fieldbus file filter financial fine fingerprint firewall firmware flash flood forensic
	forge framework fuse fuzz gas gate gateway generator geofence governance government guard guardrail guideline hack hacker harden hardware hash historian
	hmi honeypot hospital host human hygiene hypervisor identity image impact implant implement impersonate incident industry infect infection
	information infrastructure inject injection injury inspect inspection install insurance insurer integrity intelligence interface interlock internet intranet intruder
	intrusion inventory investigate investigation investigator investment iso isolate jam jammer jump kernel key keyboard keylogger keypad ladder laptop lateral
	law lawyer legal library licence license lock lockdown lockout log login logic logon machine macro mail mailbox malicious malware manage management manager
	manual manufacturer mask master memory message meter microphone microsegmentation migrate military mitigate mitigation mobile modbus modem monitor monitoring motor mouse
	nation network node notify nuclear office operate operation operator oil outage overflow overheat overload owner packet page panel passcode passphrase passive password patch payload
	penalty penetration perimeter permission phishing phone photograph physical physically pipeline plant platform plc police policy poll port portal posture power pressure prevent
	privacy privilege procedure process processor procurement production profile program project protect protection protocol proxy pump purchase quarantine ransom ransomware
	reboot recover recovery recruit redundancy redundant refuse region registry regulator regulation regulatory relay remote remove replace replacement replay replicate
	report resilience resin response responder responsibility restart restore restrict restriction reverse revoke risk robot rogue root rootkit rotate router routine rtu safe safety
	sandbox satellite scada scan scanner scanning schedule script secret secrets secure security segment segmentation segregate sensor serial server session
	setpoint shareholder shelf shift shutdown shut siem sign signature signed sim simulate simulation siren smartphone sniff software spare specialist spoof spreadsheet staff
	stakeholder standard station steal stolen storage store strategy subnet substation supervise supervisor supervision supplier supply surveillance switch synchronise syslog system tablet tag tamper tap
	team technician technique technology telemetry telephone temperature terminal terrorist test threat throttle token traffic train training transformer transmit transmitter transmission trap trip
	trojan tunnel turbine uninstall update upgrade upload usb utility validate valve vault vehicle vendor ventilation verify vessel victim video virtual virtualise virus visitor vlan
	voltage vpn vulnerability vulnerable wallet watchdog water watermark web webinar website whitelist wifi wipe wiper wireless wire wiring worker workforce workshop workstation
	worm zone certificate rack lamp lighting budget fund sponsor money price annual annually quarterly monthly weekly yearly daily hourly stakeholders employees
	customer citizen hospital population environment fire explosion death injury passport background comprehensive robust proactive holistic cutting-edge posture`

// synonyms are groups of words that may stand for each other here.
const synonyms = `
block deny refuse reject drop forbid prohibit stop ban
limit restrict confine constrain bound clamp
allow permit let accept allowed admit
outage shutdown downtime window stoppage halt
restart reboot power-cycle powercycle cycle
stop halt freeze hang stall standstill
patch update fix upgrade updating
firmware image software
login logon account sign-in credential log
password secret credential passphrase passwordless
attacker intruder adversary outsider stranger thief offender actor invader impostor foe
attack intrusion campaign breach assault
controller plc device rtu logic
panel hmi screen console display
computer machine station workstation pc laptop host server
technician engineer specialist contractor
operator staff crew personnel dispatcher people
vendor supplier maker manufacturer producer
mail email message attachment spearphishing phishing
remote afar distance remotely away foreign
vpn tunnel
network line link wire path route channel
segmentation segment separate zone divide separation apart isolate
filter filtering
erase delete wipe wiper destroy overwrite destruction erasure
backup copy archive image
restore rebuild recover recovery return
check verify test validate examine inspect confirm verification validation checking ask
sign signature signed signing unsigned
encrypt encryption crypto cipher encrypted
authentication authenticate identity proof login
authorization permission right privilege authorisation
list name include mention offer give record state describe
user use employ employed used group
hard difficult tough awkward
possible able can could may
open expose exposed reachable unprotected
close shut closed
start begin launch first initial
end finish
need require must necessary needed requirement
ask request demand call want
answer mitigation counter control measure mitigate respond handle countermeasure
mitigation mitigate remedy
change alter modify edit shift adjust write set alteration modification
move shift operate drive
figure number value parameter setting setpoint ratio
program logic code software
run execute operate work running execution
watch monitor observe supervise see
notice detect catch discover spot see
show reveal display indicate
find discover see learn know
train teach learn instruct lesson training trainee course module
rehearse practise exercise drill rehearsed rehearsal
tool program software application
disable remove uninstall switch deactivate turn off disabled
install deploy place put load fit add set up deployed
deploy implement introduce place in
score severity cvss rating rated scored
exploit exploitation exploited abuse abused
flaw weakness vulnerability bug hole defect
box appliance gateway equipment
sender source origin
master controller
plant site factory mill works facility
process production
control controls regulate command
command order instruction
say state claim tell write call report title
title name
advise recommend propose suggest
device machine equipment asset
idle unused inactive dormant
old legacy outdated
valid genuine real authentic
forged false fake spoofed doctored bogus counterfeit rogue
mistake error bad wrong
fall drop lose void fail
lose loss lack miss missing
slow delay
fast quick rapid
small little limited minor low
big large great high
harm damage hurt injure
safe safety secure
dangerous hazard danger risk unsafe
power authority control
lock lockout locked block
key secret
register registered registration
stick usb drive dongle media
folder directory
view look viewing open looking
service function feature
serve belong count tactic
tactic category
technique method
entry page article
documented described page
candidate proposal alternative option
site place location
office business
bridge connect link
clock time schedule
passive passively listening
probe scan active
crash hang fail break
fragile weak delicate
silent unnoticed quiet quietly hidden
trip interlock protection
alarm alert
fallback default safe
independent separate own
practice rehearse practise
phone telephone
radio wireless
spare unused spares
port interface
address ip
peer partner
rest other else
swap exchange replace replacement swapped
installed hold have
serial com
healthy intact fine
break outage
campaign incident attack
malware virus worm software
infect spread infection spread infected replicate replication
copy replica clone
invoice drawing manual document bait
macro code
click open
foreign unknown stranger
unknown unclear
public internet external
facing exposed
severity urgency
priority urgent
exempt exception exemption excluded
permanent forever
reviewed assessed
exact exactly
agreed named fixed
hour time window
stage step
device equipment
component part
year annual yearly
expert specialist
knowledge know understand
choose pick select decide choosing picked
owner
duplicate copy same
typical usual common commonly typically tend
rare rarely seldom
fully entirely completely wholly
may might could possibly perhaps probably
maintain service maintenance
data information record
office desk
cloud internet
audit log
relay rtu
pump motor valve
obey follow execute comply
talk speak communicate
hold keep occupy
noise interference
bring carry take
travel go move
rate frequency
carry bring hold
buy purchase win gain
enter get access come reach arrive
reach access get touch contact
steal stolen theft
guess guessing guesswork brute
pay paying ransom payment
ransom ransomware
help assist aid useful support
useless worthless nothing
enough suffice sufficient
alone only solely
warn caution beware warning
fit suit match
boundary perimeter border edge
gone lost missing lack
worker employee staff
loader bootloader boot
start-up boot startup
verify check
trusted trust
distrust suspicious doubt mistrust question
odd unexpected unusual strange
plug insert connect plugged attach
card badge token reader
factor token card second multi
mouse cursor pointer
desktop screen session
setting configuration parameter
grid electric power substation
flood traffic exhaust overload
packet message frame telegram
malformed bad broken
switch turn change
key-switch switch
mode state
write download load transfer upload
download transfer
memory storage
halt stop
output outputs actuator
thief attacker
account user
analyst judge
site-specific local
vulnerability weakness cve
unprotected open
deviation anomaly deviate
`

// opposites are groups of words of which one denies the other.
const opposites = `
absent missing lacking | present available
accept tolerate | refuse reject
accelerate hasten speed | delay slow postpone
accurate correct precise | inaccurate wrong incorrect
add append include | omit exclude drop
advance forward | backward back
affected | unaffected spared
agree | disagree contradict
alive running | dead stopped
ancient old aged | modern recent new
answer reply respond | silent ignore
appear | vanish disappear
approve permit | disapprove veto
arrive enter | leave exit depart
attach fasten | detach loosen
attack | defend defence
authenticated | unauthenticated anonymous
authorised authorized | unauthorised unauthorized
available reachable | unavailable unreachable
aware informed | unaware ignorant
begin opening | finish closing
benefit advantage | drawback disadvantage cost
better | worse
brief short | long lengthy
careful cautious | careless reckless
central | peripheral
certain sure | uncertain doubtful unsure
clean | dirty infected contaminated
common frequent | rare scarce
complete whole | incomplete partial
compliant | noncompliant
confirm prove | refute disprove
confidential private | public published
contain hold | lack
create make build | destroy delete erase
daily | yearly
dead | live
decentral distributed | central
deep | shallow
detect spot notice | miss overlook
direct | indirect
distrust doubt | trust believe
downstream | upstream
dry | wet
earn win | lose
employee internal insider | outsider external contractor
encrypt cipher | decrypt cleartext plaintext
energise energize | deenergise
engage | disengage
even | odd
exact | approximate rough
exclude except | include including
expand widen extend grow | shrink narrow contract
expected planned | unexpected unplanned surprise
expensive costly | cheap free
explicit | implicit
exposed | hidden shielded
extinguish | ignite
familiar | strange unfamiliar
feasible practicable | infeasible impracticable
fixed constant | variable changing
flexible | rigid
follow obey | disobey violate
forbidden banned | allowed permitted
forget | remember
fragile | robust sturdy
front | rear back
fulfil meet satisfy | violate break
gather collect | scatter
generic general | specific particular
good | bad poor
guard protect shield | expose
guilty | innocent
harmful harmless | beneficial
heavy | light
hide conceal mask | show reveal display
high top | low bottom
horizontal | vertical
huge vast big | tiny minor
idle | busy
immediate instant | delayed deferred
immune resistant | vulnerable susceptible
import incoming inbound | export outgoing outbound
improve | worsen degrade
individual personal own | shared common joint collective
input | output
insert plug | eject unplug
intentional deliberate | accidental unintended
join merge unite | split divide separate
justified | unjustified
keep retain hold | discard drop delete
leading | trailing
legal lawful | illegal unlawful
lengthen prolong | shorten
lift raise | lower sink
likely probable | unlikely improbable
limited bounded restricted | unlimited unbounded unrestricted
load fill | unload
lock | unlock
loud noisy | quiet silent
major main primary | minor secondary
master | slave outstation
maximum most | minimum least
mention name | omit conceal
minimise minimize | maximise maximize
monitored watched supervised | unmonitored unattended unwatched
multiple many several | single sole one
mutable writable | immutable readonly
natural | artificial
negative | positive
neglect | heed maintain
novice beginner trainee | expert specialist
obsolete outdated | current
obvious evident | hidden obscure
occupied | vacant
offensive | defensive
often frequently | seldom rarely
pass succeed | fail
patient | impatient
pause suspend | resume continue
physical | virtual logical
possible able | impossible unable
powerful | powerless
presence | absence
privileged | unprivileged
profit | loss
prohibit | require
proven confirmed | unproven unconfirmed
pull | push
punish | reward
real actual | simulated imaginary
recover restore | lose
registered | unregistered
regular periodic | irregular sporadic
relevant | irrelevant
reliable dependable | unreliable
reliance dependent depend | independent
repair mend fix | break damage
repeatable | unrepeatable
reveal | conceal
reversible | irreversible
rich | poor
safe secure | risky insecure
same equal | unequal unlike
segregated segmented separated | flat mixed
send | receive get
sender source | receiver recipient destination
senior | junior
sequential | parallel
serious grave | harmless trivial
signed | unsigned
simple plain | complicated complex
smooth | rough
solved settled | unsolved pending
spoof forge | authenticate
stable steady | unstable
strengthen harden | weaken soften
strict | lax loose
succeed success | failure fail
supervised | unsupervised
supplied | withheld
supported | unsupported
tested verified | untested unverified
tight | loose
tolerant | intolerant
turn | keep
understand | misunderstand
unique | ordinary
updated patched | unpatched outdated
urgent | unhurried
useful helpful | useless
victim target | attacker
visible | hidden
voluntary | compulsory mandatory
wake | sleep
wired | wireless
within | beyond
worthwhile | worthless
wanted | unwanted
written | oral spoken
zero none | all
server | client
hardware | software
upload | download
engineer programmer | operator
read view | write modify change
firmware | hardware
confidentiality | availability
day | night
weekday | weekend
summer | winter
preventive prevention prevent | detective detection detect
prevent hinder | enable permit cause
detect | prevent
first | last
earliest | latest
always | sometimes
everybody everyone | nobody
anybody | nobody
both | neither
succeeds | fails
enable activate allow | disable deactivate forbid
accept accepts accepted | refuse reject refuses refused deny
open opened | closed locked shut
permit allow allowed permitted | prohibit forbid rule excluded
healthy intact undamaged | damaged broken corrupted void voids
more longer higher | less shorter lower fewer
before beforehand earlier first | after afterwards later
possible | impossible
necessary needed required | unnecessary needless
old former | new newest
start begin | stop end finish
increase raise | decrease lower reduce
easy easily | hard difficult
safe | dangerous unsafe hazard
same common identical | different separate distinct
known | unknown
always | never rarely seldom
deployed place | absent
inside | outside
valid | invalid void
weak | strong
active actively | passive passively
manual | automatic automatically
official | proposal analyst
resolved solved | open unresolved
idle unused | used active
protected | unprotected
public | private
encrypted signed | unencrypted unsigned cleartext
obey obeys | refuse ignore
connect | disconnect isolate
trust | distrust
share shares shared | separate
notice notices | miss misses overlook
limited little | unlimited full
everything all | none
install add | remove uninstall
help helps | harm
fast | slow
online | offline
local | remote
large | small
gain gains | lose loses
static | dynamic
allow allows let lets | prevent prevents stop stops block blocks
continue continues | stop stops cease
work works succeed succeeds | fail fails failed
keep keeps retain | lose loses drop
rise rises grow | fall falls shrink
early earlier | late later
enough sufficient | insufficient
single | several multiple
empty | full
clean | infected
true | false
temporary | permanent
optional | mandatory required
visible | invisible hidden
near | far
up above | down below
trivial simple | difficult complex
normal usual | abnormal unusual
remain remains stay stays | vanish disappear gone
legitimate genuine | malicious forged fake
preserve preserves | void voids
heed check | ignore
clear readable | encrypted
quick quickly | slow slowly
together | apart
cheap | expensive
broad wide | narrow
attacker intruder outsider | operator owner engineer
office business | plant process field
vendor supplier maker | owner operator
write writes writing | read reads reading
send sends | receive receives
entrance entrances entry | panel panels console
sensor input inputs | actuator output outputs
top | bottom
strengthen | weaken
restore | destroy
rare rarely | often frequent common commonly
`
