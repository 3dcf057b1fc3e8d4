<?php
declare(strict_types=1);

namespace App\Pay\TestGateway\Impl;

use App\Entity\PayEntity;
use App\Pay\Base;

class Pay extends Base implements \App\Pay\Pay
{
    public function trade(): PayEntity
    {
        $entity = new PayEntity();
        $entity->setType(self::TYPE_REDIRECT);
        $entity->setUrl('http://127.0.0.1/gateway?' . http_build_query(['order' => $this->tradeNo, 'amount' => $this->amount]));
        return $entity;
    }
}
