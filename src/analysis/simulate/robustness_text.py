"""The [robustness] section of the simulated county's study.toml."""

# Change of the national consumer price index on the year before, per cent: National Bureau of Statistics of China,
# Statistical Communiqués on National Economic and Social Development, 2016 to 2024. Incomes of the simulated county
# follow published amounts at current prices.
SECTION = """
[robustness]
tails = 0.01
base_periods = 3

[robustness.deflator]
change = { "2016" = 2.0, "2017" = 1.6, "2018" = 2.1, "2019" = 2.9, "2020" = 2.5, "2021" = 0.9, "2022" = 2.0, "2023" = 0.2, "2024" = 0.2 }
base_year = 2020
reason = { zh = "国家统计局历年统计公报的全国居民消费价格涨幅；县一级没有指数", en = "National consumer prices, yearly communiqués of the National Bureau of Statistics; there is no index for the county" }

[robustness.price_year]
columns = ["land_per_hh_mu", "peach_mu"]
reason = { zh = "桃价大起大落，桃园多的村受行情影响大，与是否组建无关", en = "Peach prices swing, and move villages with more peach land further, coop or not" }

[robustness.programmes.first_secretary]
column = "first_secretary"
label = { zh = "第一书记驻村", en = "first secretary posted" }
reason = { zh = "第一书记带来项目和资金，驻村时间与组建时间重合", en = "A first secretary brings projects and money at the same time as the coop" }

[robustness.programmes.grants]
table = "fund_project"
unit = "village_id"
time = "year"
first = 2018
last = 2022
label = { zh = "扶持资金", en = "a grant" }
reason = { zh = "扶持资金与组建同期发放，所办项目本身也产生收益", en = "Grants were paid in the years of adoption, and what they built earns money too" }

[robustness.placebo_outcomes.other_income]
column = "ci_other"
unit = "yuan"
label = { zh = "集体其他收入", en = "Other collective income" }
reason = { zh = "利息、罚没等零星收入，合作社不产生", en = "Interest and sundry receipts, which a coop does not make" }

[robustness.placebo_outcomes.subsidies]
column = "ci_subsidy"
unit = "yuan"
label = { zh = "补助收入", en = "Subsidies" }
reason = { zh = "由上级决定；如随组建增加，增收可能来自补助而非合作社", en = "Decided above; if they rose with adoption, the gain might be grants and not the coop" }

[robustness.exposure]
share = 0.25
reason = { zh = "没有村的坐标；同乡镇其他村有四分之一组建，集市、用工和干部交流就都会受影响", en = "Villages have no positions here; once a quarter of the others in a township have a coop, its market, labour and cadres are touched" }
"""
