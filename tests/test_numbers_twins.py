"""True twins in two notations agree both ways; the same with another figure does not."""

from __future__ import annotations

import time

import pytest

from index.numbers import quantities, unsupported_quantities

# One text, its twin in another notation, and the twin with another figure.
TWINS = [
    # times of day
    ("他下午两点到达。", "He arrived at 2 p.m.", "He arrived at 3 p.m."),
    ("他凌晨两點到達。", "He arrived at two in the morning.", "He arrived at four in the morning."),
    ("会议九点四十五分开始", "The meeting starts at a quarter to ten.", "The meeting starts at a quarter to eleven."),
    ("下午三點一刻集合", "at a quarter past three in the afternoon", "at a quarter past five in the afternoon"),
    ("晚上七点半开演", "It begins at half past seven in the evening.", "It begins at half past eight at night."),
    ("晚上七点半开演", "The show begins at 7:30 p.m.", "The show begins at 8:30 p.m."),
    ("21时关门", "It closes at nine in the evening.", "It closes at eight in the evening."),
    ("二十一时三十分关门", "It closes at 9:30 p.m.", "It closes at 9:50 p.m."),
    ("上午十点整开始", "It starts at ten o'clock in the morning.", "It starts at eleven o'clock in the morning."),
    ("早上6点05分起飞", "It takes off at 6:05 a.m.", "It takes off at 6:25 a.m."),
    ("零点关闭", "It closes at midnight.", "It closes at 3 a.m."),
    ("中午十二点开放", "It opens at noon.", "It opens at 2 p.m."),
    # durations
    ("全曲长4分11秒", "The song runs 4:11.", "The song runs 4:31."),
    ("全曲长4分11秒", "The song runs 4 minutes and 11 seconds.", "The song runs 4 minutes and 31 seconds."),
    ("他以2小时3分59秒夺冠", "He won in 2:03:59.", "He won in 2:08:59."),
    ("等了一刻钟", "He waited a quarter of an hour.", "He waited three quarters of an hour."),
    ("等了三刻鐘", "He waited 45 minutes.", "He waited 55 minutes."),
    ("歷時一個半小時", "It took an hour and a half.", "It took three hours and a half."),
    ("历时两个半小时", "It took two and a half hours.", "It took four and a half hours."),
    ("历时一年半", "It took a year and a half.", "It took two years and a half."),
    ("历时一年半", "It took 18 months.", "It took 16 months."),
    ("兩週後交付", "It is delivered in a fortnight.", "It is delivered in three weeks."),
    ("歷時72小時", "It took three days.", "It took five days."),
    ("1小时30分", "It took 90 minutes.", "It took 80 minutes."),
    ("半个世纪的历史", "fifty years of history", "sixty years of history"),
    ("每两年举行一次", "It is a biennial event.", "It is held every six years."),
    ("建国二百周年", "the bicentennial of the nation", "the 250th anniversary of the nation"),
    # shares
    ("下调半个百分点", "cut by half a percentage point", "cut by 1.5 percentage points"),
    ("下调0.25個百分點", "cut by a quarter of a percentage point", "cut by three quarters of a percentage point"),
    ("上调25个基点", "raised by 0.25 percentage points", "raised by 0.5 percentage points"),
    ("上調25個基點", "raised by 25 basis points", "raised by 75 basis points"),
    ("占千分之三", "3‰ of the total", "7‰ of the total"),
    ("占千分之三", "3 per thousand of the total", "7 per thousand of the total"),
    ("百萬分之一的機率", "a chance of one in a million", "a chance of one in a thousand"),
    ("万分之一的几率", "a chance of one in ten thousand", "a chance of one in five thousand"),
    ("误差为百万分之一", "an error of one millionth", "an error of one thousandth"),
    ("利润减少一成二", "Profit fell 12%.", "Profit fell 21%."),
    ("打八折", "20% off", "30% off"),
    ("八五折優惠", "a 15% discount", "a 25% discount"),
    ("三分之二的員工", "two thirds of the staff", "three quarters of the staff"),
    ("七成居民", "70% of residents", "60% of residents"),
    ("每五人中有一人", "one in five people", "one in eight people"),
    ("负增长百分之一点二", "growth of -1.2%", "growth of -2.1%"),
    # growth
    ("产量增长了三倍", "Output quadrupled.", "Output grew 15-fold."),
    ("产量增长了三倍", "Output rose by 300%.", "Output rose by 500%."),
    ("产量增长到三倍", "Output tripled.", "Output grew 16-fold."),
    ("產量增加兩倍半", "Output rose two and a half times.", "Output rose four and a half times."),
    ("规模是原来的1.5倍", "It is one and a half times as large.", "It is three and a half times as large."),
    ("销售额翻了两番", "Sales quadrupled.", "Sales grew 17-fold."),
    ("收入增长十倍", "a tenfold rise in income", "a 15-fold rise in income"),
    # ages
    ("她今年六十八歲", "She is 68 years old.", "She is 86 years old."),
    ("一个8岁的女孩", "an eight-year-old girl", "a 14-year-old girl"),
    ("他是一位90后", "He was born in the 1990s.", "He was born in the 1980s."),
    ("他30多岁", "He is in his thirties.", "He is in his forties."),
    ("婴儿18个月大", "The baby is one and a half years old.", "The baby is two and a half years old."),
    # money
    ("耗资3500万美元", "It cost US$35m.", "It cost US$53m."),
    ("售价一百二十块钱", "It sells for 120 yuan.", "It sells for 210 yuan."),
    ("新台幣五億元", "NT$500 million", "NT$600 million"),
    ("票价12.5元", "The ticket is ¥12.50.", "The ticket is ¥15.20."),
    ("亏损两百五十亿日元", "a loss of 25 billion yen", "a loss of 28 billion yen"),
    ("资产达1.2兆元", "assets of 1.2 trillion yuan", "assets of 2.1 trillion yuan"),
    ("欠款三十萬港幣", "a debt of HK$300,000", "a debt of HK$800,000"),
    # sizes and counts
    ("他买了两打鸡蛋", "He bought two dozen eggs.", "He bought three dozen eggs."),
    ("他买了两打鸡蛋", "He bought 24 eggs.", "He bought 26 eggs."),
    ("重五十斤", "It weighs 25 kg.", "It weighs 50 kg."),
    ("面积为15亩", "It covers one hectare.", "It covers five hectares."),
    ("身高一米八", "He is 1.8 metres tall.", "He is 1.6 metres tall."),
    ("身高1米75", "He is 175 cm tall.", "He is 165 cm tall."),
    ("佔地3.5萬平方公尺", "It covers 35,000 square metres.", "It covers 53,000 square metres."),
    ("长26.2英里", "It is 42.2 km long.", "It is 52.2 km long."),
    ("20万用户", "200k users", "300k users"),
    ("一万两千名工人", "12,000 workers", "21,000 workers"),
    ("约1亿3千万人", "about 130 million people", "about 150 million people"),
    ("十几人", "a dozen or so people", "fifty or so people"),
    ("三维模型", "a three-dimensional model", "a four-dimensional model"),
    ("3D模型", "a three-dimensional model", "a four-dimensional model"),
    ("5G网络", "a fifth-generation network", "a sixth-generation network"),
    ("十二對染色體", "12 pairs of chromosomes", "23 pairs of chromosomes"),
    # ordinals
    ("第二十一届奥运会", "the 21st Olympics", "the 22nd Olympics"),
    ("第二十一屆奧運會", "the twenty-first Olympics", "the twenty-third Olympics"),
    ("一百二十五周年", "the 125th anniversary", "the 152nd anniversary"),
    ("排名第三十", "ranked thirtieth", "ranked fortieth"),
    # dates and seasons
    ("2008年8月8日", "08.08.2008", "09.08.2008"),
    ("2008年8月8日", "8/8/2008", "8/8/2018"),
    ("2020年12月25日", "12/25/2020", "12/26/2020"),
    ("2020年12月25日", "25/12/2020", "26/12/2020"),
    ("2023-24賽季", "the 2023/24 season", "the 2021/22 season"),
    ("第三季度", "Q3", "Q2"),
    ("2024年三季度", "the third quarter of 2024", "the second quarter of 2024"),
    ("2024年第四季營收", "revenue in Q4 2024", "revenue in Q2 2024"),
    ("民国时期的1930年代", "in the 1930s", "in the 1940s"),
    ("公元前三世纪", "the third century BC", "the fifth century BC"),
    ("二零二四財年", "fiscal 2024", "fiscal 2023"),
    # scores
    ("以三比二获胜", "They won 3-2.", "They won 5-2."),
    ("以102比98取胜", "They won 102–98.", "They won 108–92."),
    ("主队21：17领先", "The home team led 21-17.", "The home team led 24-17."),
    ("比例尺为1比500", "a scale of 1:500", "a scale of 1:800"),
    # temperatures
    ("气温零下15摄氏度", "a temperature of -15°C", "a temperature of -25°C"),
    ("氣溫20℃", "a temperature of 68°F", "a temperature of 86°F"),
    ("體溫華氏98.6度", "a temperature of 37 °C", "a temperature of 39 °C"),
    ("零下十五度", "minus fifteen degrees", "minus fifty degrees"),
    ("攝氏37.5度", "37.5 degrees Celsius", "35.7 degrees Celsius"),
    # ranges
    ("15%至20%", "between 15 and 20 percent", "between 25 and 30 percent"),
    ("三到五年", "three to five years", "three to fifteen years"),
    ("3万-5万元", "30,000 to 50,000 yuan", "30,000 to 80,000 yuan"),
    ("1914年至1918年", "1914–18", "1914–19"),
    ("上午9点至下午5点", "from 9 a.m. to 5 p.m.", "from 9 a.m. to 7 p.m."),
    ("六十至七十歲", "aged 60-70", "aged 60-80"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "twin", "swapped"), TWINS)
def test_twins_agree_both_ways_and_another_figure_does_not(one: str, twin: str, swapped: str) -> None:
    assert unsupported_quantities(one, twin) == []
    assert unsupported_quantities(twin, one) == []
    assert unsupported_quantities(swapped, one) != []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The meeting is at 2 p.m.", "会议在凌晨两点"), ("It opens at 9:45.", "九點十五分開放"),
        ("产量增长了三倍", "Output grew fivefold."), ("产量增长了三倍", "Output rose by 500%."),
        ("气温20℃", "It was 75°F."), ("利润下降3%", "利润 -5%"), ("歌曲长4分11秒", "The song runs 4:31."),
        ("三刻钟", "30 minutes"), ("一米八", "1.6 m"), ("a three-dimensional model", "2D模型"), ("打七折", "20% off"),
    ],
)  # fmt: skip
def test_what_only_sounds_alike_is_still_returned(claim: str, evidence: str) -> None:
    assert unsupported_quantities(claim, evidence) != []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("利润下降3.2%", "利润同比 -3.2%"), ("Profit: -3.2%", "利潤下滑3.2%"), ("Meet at seven.", "19:00 集合"),
        ("It grew threefold.", "增长了两倍"), ("两年又三个月", "27 months"), ("每百万人中有3例", "3 per million"),
        ("百万分之三", "每百万人中有3例"), ("at a quarter to ten", "9:45 p.m."), ("a centenary", "一百周年"),
        ("九点四十五分", "21:45"), ("half-percentage-point cut", "降息50个基点"),
    ],
)  # fmt: skip
def test_other_readings_of_a_figure_agree(claim: str, evidence: str) -> None:
    assert unsupported_quantities(claim, evidence) == []


@pytest.mark.parametrize(
    "text",
    [
        "打开 一打开 一打聽 不时 当时 骨折 三折页 百折不挠 零点能",
        "五六点钟 三点建议",
        "from quarter to quarter, quarter past the post",
    ],
)
def test_words_that_look_like_times_and_parts_are_none(text: str) -> None:
    assert [quantity for quantity in quantities(text) if not quantity.weak] == []


@pytest.mark.parametrize(
    "text",
    [
        "a quarter of an " * 3000, "one and a half " * 3000, "4分" * 12000, "1小时30分" * 6000, "八五折" * 9000,
        "1/1/2020 " * 5000, "a quarter to ten " * 3000, "at 9 in the " * 4000, "二十一时" * 8000, "下降" * 12000,
    ],
)  # fmt: skip
def test_long_runs_of_times_and_parts_take_linear_time(text: str) -> None:
    started = time.process_time()
    quantities(text)
    unsupported_quantities(text[:1000], text[:2000])
    assert time.process_time() - started < 8
