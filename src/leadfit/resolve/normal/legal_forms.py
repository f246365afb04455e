"""Legal forms of companies: every usual spelling, and the short form that stands for all of them.

Compiled by hand after the forms of ISO 20275. Spellings are written as
:func:`leadfit.resolve.normal.companies.tokens` gives them: folded, dots gone, single letters
joined. So ``S.A. de C.V.`` stands as ``sa de cv`` and ``Sp. z o.o.`` as ``sp zoo``.
"""

# ruff: noqa: RUF001 -- forms in Cyrillic are spelled in Cyrillic
from __future__ import annotations

from typing import Final

# One form an entry: the canonical one, then its other spellings.
_TABLE: Final = """
inc: incorporated, incorporation, incorp, incorporee, incorporated company, co inc, company inc,
  corp inc, inc co, inc corp
corp: corporation, corpn, corporations, co corp
co: company, coy, compagnie, and co, and company, and cie, cie, and compagnie, et cie, und co, y
  cia, cia, e cia, companies, compania, y compania, companhia, e companhia
ltd: limited, ltee, limitee, ltd liability co, co ltd, company ltd, co limited, company limited,
  corp ltd, corporation ltd, corporation limited, and co ltd, and co limited, and company limited,
  and company ltd, limited company, ltd co, limited co, private company limited by shares, ltd
  liability company, joint stock co ltd
llc: limited liability company, limited liability co, ltd liability co, lc, llco, co llc, company
  llc, limited liability corporation
llp: limited liability partnership, and co llp
lllp: limited liability limited partnership
lp: limited partnership, ltd partnership, societe en commandite
pllc: professional limited liability company, professional llc
pllp: professional limited liability partnership
pc: professional corporation, prof corp, professional corp
pa: professional association
plc: public limited company, public ltd company, public ltd co, cyf, public co ltd, pub co ltd,
  public company limited, pcl, ccc, and co plc
cic: community interest company
cio: charitable incorporated organisation
dac: designated activity company
ulc: unlimited liability company, unlimited company, unltd
clg: company limited by guarantee, limited by guarantee
pty ltd: pty, proprietary limited, proprietary ltd, pty limited, proprietary
pte ltd: pte, pte limited
pvt ltd: pvt, private limited, pvt limited, private ltd, p ltd, p limited, company private
  limited, co pvt ltd, co private limited
bhd: berhad
sdn bhd: sendirian berhad, sdn
soc coop: cooperative, co operative, coop, cooperativa, cooperatief, cooperative society,
  cooperative association, scrl, scarl, societa cooperativa, sociedad cooperativa, societe
  cooperative, s coop, sc coop, scop, co op, cooperative ltd, cooperatieve vereniging, osuuskunta,
  osk
gmbh: gesellschaft mit beschrankter haftung, gesellschaft mbh, gesmbh, ges mbh, mbh,
  gesellschaft mit beschraenkter haftung
ggmbh: gemeinnutzige gmbh, gemeinnuetzige gmbh
ug: unternehmergesellschaft, ug haftungsbeschrankt, unternehmergesellschaft haftungsbeschrankt,
  haftungsbeschrankt, ug haftungsbeschraenkt, haftungsbeschraenkt
ag: aktiengesellschaft, aktien gesellschaft, akt ges, aktienges
kg: kommanditgesellschaft, und co kg, and co kg, co kg
gmbh and co kg: gmbh und co kg, gmbh co kg, gmbh kg, gmbh and co kommanditgesellschaft, mbh and co
  kg, mbh und co kg, gmbh and co, gmbh und co, gmbh u co kg, mbh co kg, gmbh and company kg
gmbh and co ohg: gmbh und co ohg, gmbh co ohg, ohg mbh
gmbh and co kgaa: gmbh und co kgaa, gmbh co kgaa
ag and co kg: ag und co kg, ag co kg
ag and co kgaa: ag und co kgaa, ag co kgaa, se and co kgaa, se and co kg, se und co kgaa, se und
  co kg
ug and co kg: ug und co kg, ug haftungsbeschrankt and co kg, ug haftungsbeschrankt und co kg, ug
  co kg
kgaa: kommanditgesellschaft auf aktien, kg auf aktien
ohg: offene handelsgesellschaft, oeg
gbr: gesellschaft burgerlichen rechts, gesellschaft buergerlichen rechts
ev: eingetragener verein
eg: eingetragene genossenschaft, genossenschaft
ek: eingetragener kaufmann, eingetragene kauffrau, ekfm, ekfr
kdor: korperschaft des offentlichen rechts
aor: anstalt des offentlichen rechts
partg: partg mbb, partnerschaft mbb, partnerschaftsgesellschaft, partgmbb, mbb, partgesellschaft
  mbb
vvag: versicherungsverein auf gegenseitigkeit
se: societas europaea, sociedad europea, societe europeenne, europaische gesellschaft
sce: societas cooperativa europaea
eeig: geie, ewiv
sa: societe anonyme, sociedad anonima, sociedade anonima, societa anonima, spolka akcyjna,
  societate pe actiuni, compania anonima, sa co, soc anonyme, s anonima, anonima
sa de cv: sociedad anonima de capital variable, sab de cv, sapi de cv,
  sab, sapi, sociedad anonima bursatil de capital variable
sa de rl: sa de rl de cv
s de rl de cv: sociedad de responsabilidad limitada de capital variable, srl de cv, s de rl, sde
  rl de cv
sc: s civil, sociedad civil, societe civile
sau: sociedad anonima unipersonal
saa: sociedad anonima abierta
sac: sociedad anonima cerrada
sas: societe par actions simplifiee, sociedad por acciones simplificada, sociedad por acciones
  simplificadas, soc par actions simplifiee
sasu: societe par actions simplifiee unipersonnelle
sarl: sa rl, societe a responsabilite limitee, sarlau, ste a responsabilite limitee, societe a
  responsabilite limitee unipersonnelle, sarl unipersonnelle
eurl: entreprise unipersonnelle a responsabilite limitee
snc: societe en nom collectif, societa in nome collettivo
sca: societe en commandite par actions
scs: societe en commandite simple
sci: societe civile immobiliere
scp: societe civile professionnelle
selarl: societe d exercice liberal a responsabilite limitee
gie: groupement d interet economique
srl: societa a responsabilita limitata, sociedad de responsabilidad limitada, soc a responsabilita
  limitata, societate cu raspundere limitata, srls, societa a responsabilita limitata
  semplificata, sociedad responsabilidad limitada, societe a responsabilite limitee srl, srl
  unipersonale, srlu
spa: societa per azioni, sociedad por acciones, soc per azioni, societe par actions
sapa: societa in accomandita per azioni
societa semplice: ss societa semplice
sl: sociedad limitada, slu, sociedad limitada unipersonal, sll, slp, slne, sociedad limitada
  laboral, sociedad limitada profesional
ltda: limitada, sociedade limitada, ltda me, ltda epp, cia ltda, limitada sociedad, y cia ltda, e
  cia ltda, compania limitada
lda: sociedade por quotas
eireli: empresa individual de responsabilidade limitada
mei: microempreendedor individual
eirl: empresa individual de responsabilidad limitada
nv: naamloze vennootschap
bv: besloten vennootschap, besloten vennootschap met beperkte aansprakelijkheid, bvba, sprl,
  societe privee a responsabilite limitee, besloten vennootschap met beperkte aansprakelijkheid
  bvba
cv: commanditaire vennootschap
vof: vennootschap onder firma
vzw: vereniging zonder winstoogmerk
asbl: association sans but lucratif
ab: aktiebolag, aktiebolaget, ab publ, aktiebolag publ, publ ab
hb: handelsbolag
kb: kommanditbolag
ekonomisk forening: ek for, ekon forening
as: aktieselskab, aksjeselskap, aktsiaselts, akciova spolecnost, akciova spolocnost, anonim
  sirketi, aksjeselskapet, anonim ortakligi, akcine spolecnost, akc spol
asa: allmennaksjeselskap
aps: anpartsselskab
interessentskab: is interessentskab
ivs: ivaerksaetterselskab
amba: andelsselskab med begraenset ansvar
ans: ansvarlig selskap
delt ansvar: da delt ansvar
oy: osakeyhtio, oy ab, ab oy, oy ltd
oyj: julkinen osakeyhtio, oyj abp, abp
ky: kommandiittiyhtio
ry: rekisteroity yhdistys
hf: hlutafelag
ehf: einkahlutafelag
ohf: opinbert hlutafelag
ou: osauhing
uab: uzdaroji akcine bendrove
mazoji bendrija: mb mazoji bendrija
akcine bendrove: ab akcine bendrove
sia: sabiedriba ar ierobezotu atbildibu
akciju sabiedriba: as akciju sabiedriba
sp zoo: spolka z ograniczona odpowiedzialnoscia, spolka zoo, sp z ograniczona odpowiedzialnoscia,
  spzoo, sp z oo, spolka z oo, spolka z ogr odp, sp zo o
sp zoo sp k: sp zoo sp komandytowa, sp zoo sk, spolka z ograniczona odpowiedzialnoscia spolka
  komandytowa, spolka z ograniczona odpowiedzialnoscia sp k, sp zoo spk, spolka zoo sp k, spolka
  zoo spolka komandytowa
sp k: spolka komandytowa, spk, sp komandytowa
sp j: spolka jawna, spj
ska: spolka komandytowo akcyjna
sro: spolecnost s rucenim omezenym, spolocnost s rucenim obmedzenym, spol sro, spol s ro, s ro
ks: komanditni spolecnost
vos: verejna obchodni spolecnost
zrt: zartkoruen mukodo reszvenytarsasag, zartkoruen mukodo rt
nyrt: nyilvanosan mukodo reszvenytarsasag
rt: reszvenytarsasag
kft: korlatolt felelossegu tarsasag
bt: beteti tarsasag
kkt: kozkereseti tarsasag
doo: drustvo s ogranicenom odgovornoscu, druzba z omejeno odgovornostjo, drustvo sa ogranicenom
  odgovornoscu, drustvo s ogranicenom odgovornosti, do o, d oo
jdoo: jednostavno drustvo s ogranicenom odgovornoscu
dd: dionicko drustvo, delniska druzba
ad: akcionarsko drustvo, aktsionerno druzhestvo, akcionersko drustvo
ead: ednolichno aktsionerno druzhestvo
ood: druzhestvo s ogranichena otgovornost
eood: ednolichno druzhestvo s ogranichena otgovornost
dooel: drustvo so ogranicena odgovornost
shpk: shoqeri me pergjegjesi te kufizuar, sh pk
sha: shoqeri aksionare
ae: anonymi etairia, anonimi eteria, αε, ανωνυμη εταιρεια, ανωνυμοσ εταιρεια
epe: etairia periorismenis efthynis, επε
ike: idiotiki kefalaiouchiki etaireia, ικε
oe: omorrythmos etairia, οε
ltd sti: limited sirketi, limited sti, ltd sirketi, tic ltd sti, ve tic ltd sti, san ve tic ltd
  sti, sti, sirketi
as tr: sanayi ve ticaret as, san ve tic as, san tic as, ve ticaret as, ticaret as, ve tic as
ooo: obshchestvo s ogranichennoi otvetstvennostyu, obshchestvo s ogranichennoy otvetstvennostyu,
  ооо, общество с ограниченнои ответственностью
oao: otkrytoe aktsionernoe obshchestvo, оао, открытое акционерное общество
zao: zakrytoe aktsionernoe obshchestvo, зао, закрытое акционерное общество
pao: publichnoe aktsionernoe obshchestvo, пао, публичное акционерное общество
ao: aktsionernoe obshchestvo, ао, акционерное общество
ip: индивидуальныи предприниматель, ип
tov: товариство з обмеженою відповідальністю, товариство з обмеженою вiдповiдальнiстю, тов,
  товариство з обмеженою відповідальнiстю
prat: прат, приватне акціонерне товариство
fgup: фгуп
too: тоо, товарищество с ограниченнои ответственностью
jsc: joint stock company, joint stock co, jsco, stock company
ojsc: open joint stock company
cjsc: closed joint stock company
pjsc: public joint stock company, psc
pjsc sh: public shareholding company
kk: kabushiki kaisha, kabushiki gaisha, kabushikikaisha, kabushikigaisha, 株式会社,
  株, かぶしきがいしゃ
yk: yugen kaisha, yugen gaisha, 有限会社, 有
gk: godo kaisha, 合同会社, 同
zh ltd: 有限公司, 有限責任公司, 有限责任公司
zh plc: 股份有限公司
kr ltd: 주식회사, chusik hoesa, jusik hoesa, 주
kr llc: 유한회사, 유한책임회사
pt: perseroan terbatas, pt tbk
tbk: terbuka, persero tbk
persero: perusahaan perseroan
tnhh: cong ty tnhh, cong ty trach nhiem huu han
cong ty cp: cong ty co phan, ctcp
fze: free zone establishment, fz llc, fzllc
fzco: free zone company, fzc, fz co
wll: with limited liability
saoc: closed omani joint stock company
saog: public omani joint stock company
kscp: kscc, ksc
spc: single person company
bsc: bahraini shareholding company
sal: societe anonyme libanaise
sae: societe anonyme egyptienne
cc: close corporation
npc: non profit company, non profit corporation, nonprofit corporation, not for profit corporation
soc ltd: state owned company
rf: npc rf
nl: no liability
na bank: national association
fsb: federal savings bank
ssb: state savings bank
sicav: societe d investissement a capital variable
gp: general partnership
anstalt: establishment anstalt
sagl: societa a garanzia limitata
sncl: kollektivgesellschaft
stiftung: stichting, fondation stiftung
bvi: bvi co
"""

# Forms that also stand before the name: OOO Romashka, PT Astra, SARL Dupont.
PREFIXES: Final[frozenset[str]] = frozenset(
    (
        "ooo", "oao", "zao", "pao", "too", "tov", "jsc", "ojsc", "cjsc", "pjsc", "ооо", "оао",
        "зао", "пао", "ао", "ип", "тов", "тоо", "прат", "фгуп", "pt", "uab", "sia", "sarl", "sasu",
        "eurl", "sci", "selarl", "kabushiki kaisha", "株式会社", "株", "有限会社", "有", "合同会社",
        "주식회사", "주", "유한회사", "limited liability company", "joint stock company",
        "public joint stock company", "open joint stock company", "closed joint stock company",
        "общество с ограниченнои ответственностью", "акционерное общество", "cong ty tnhh",
        "cong ty cp", "nv", "bv", "cong ty co phan", "cong ty trach nhiem huu han", "ctcp",
        "perseroan terbatas",
        "публичное акционерное общество",
    )
)  # fmt: skip

# Forms written without a space before or behind the name.
ATTACHED: Final[tuple[str, ...]] = (
    "股份有限公司", "有限責任公司", "有限责任公司", "有限公司", "株式会社", "有限会社", "合同会社",
    "주식회사", "유한회사",
)  # fmt: skip


def _spellings() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        form, _, others = line.partition(":")
        for spelling in (form, *others.split(",")):
            found.setdefault(spelling.strip(), form)
    return found


FORMS: Final[dict[str, str]] = _spellings()
"""Spelling to canonical form."""
LAST_WORDS: Final[frozenset[str]] = frozenset(spelling.rpartition(" ")[2] for spelling in FORMS)
"""Words a form can end in."""
FIRST_WORDS: Final[frozenset[str]] = frozenset(prefix.partition(" ")[0] for prefix in PREFIXES)
"""Words a form before a name can begin with."""
MOST_WORDS: Final = max(spelling.count(" ") + 1 for spelling in FORMS)
